using System.Text;
using CsCheck;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Checkpoints.Tests;

public sealed class CheckpointTests
{
    [Fact]
    public void Shards_hold_the_same_tensors_as_the_single_file()
    {
        using var single = Checkpoint.Open(Repository.Golden("models", "llama-tied"));
        using var sharded = Checkpoint.Open(Repository.Golden("models", "llama-tied", "sharded"));

        sharded.WeightFiles.Count.ShouldBe(2);
        sharded.Tensors.Keys.ShouldBe(single.Tensors.Keys, ignoreOrder: true);
        foreach (var (name, tensor) in single.Tensors)
        {
            sharded.Tensors[name].Bytes.SequenceEqual(tensor.Bytes).ShouldBeTrue(name);
        }
    }

    [Fact]
    public void Any_shard_size_reads_back_the_same()
    {
        using var source = Checkpoint.Open(Repository.Golden("models", "llama-tied"));
        Gen.Long[1, 300_000].Sample(
            limit =>
            {
                using var folder = new TemporaryFolder();
                source.Config.Write(folder.Path);
                IReadOnlyDictionary<string, string> digests;
                using (var writer = CheckpointWriter.Create(folder.Path, [.. source.InOrder.Select(t => t.Declare())], limit))
                {
                    foreach (var tensor in source.InOrder)
                    {
                        writer.Write(tensor.Name, tensor.Bytes);
                    }

                    digests = writer.Finish();
                }

                using var copy = Checkpoint.Open(folder.Path);
                copy.InOrder.Count.ShouldBe(source.InOrder.Count);
                foreach (var tensor in source.InOrder)
                {
                    copy.Tensor(tensor.Name).Bytes.SequenceEqual(tensor.Bytes).ShouldBeTrue();
                }

                foreach (var file in copy.WeightFiles)
                {
                    digests[file].ShouldBe(ContentDigest.OfFile(folder[file]));
                    using var shard = SafetensorsFile.Open(folder[file]);
                    (shard.InOrder.Count == 1 || shard.InOrder.Sum(t => t.ByteLength) <= limit).ShouldBeTrue();
                }
            },
            iter: 25,
            threads: 1);
    }

    [Fact]
    public void Tensors_without_elements_are_kept()
    {
        using var folder = new TemporaryFolder();
        ModelConfig.Read(Repository.Golden("models", "llama-tied")).Write(folder.Path);
        using (var writer = CheckpointWriter.Create(folder.Path, [new("a", DType.F32, [0, 4]), new("b", DType.F32, [1]), new("c", DType.I8, [0])], maxShardBytes: 1))
        {
            writer.Write("b", new byte[4]);
            writer.Finish();
        }

        using var checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.Tensors.Keys.ShouldBe(["a", "b", "c"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "can run code")]
    [InlineData("model.pt", "can run code")]
    [InlineData("adapter_model.safetensors", "LoRA adapter")]
    [InlineData("notes.txt", "no weights")]
    public void Refuses_folders_without_safetensors_weights(string file, string complaint)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Repository.Golden("models", "llama-tied", "config.json"), folder["config.json"]);
        File.WriteAllText(folder[file], "x");

        Should.Throw<InvalidInputException>(() => Checkpoint.Open(folder.Path)).Message.ShouldContain(complaint);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a\\\\b.safetensors")]
    [InlineData(".hidden.safetensors")]
    [InlineData("")]
    [InlineData("model.bin")]
    [InlineData("gone.safetensors")]
    public void Refuses_an_index_whose_shards_are_not_plain_files_of_the_folder(string shard)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Repository.Golden("models", "llama-tied", "config.json"), folder["config.json"]);
        File.WriteAllText(folder["model.safetensors.index.json"], $$$"""{"metadata":{},"weight_map":{"a":"{{{shard}}}"}}""");

        Should.Throw<InvalidInputException>(() => Checkpoint.Open(folder.Path));
    }

    [Fact]
    public void Refuses_an_index_that_names_a_tensor_its_shard_lacks()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(Repository.Golden("models", "llama-tied", "sharded")))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        var index = folder["model.safetensors.index.json"];
        File.WriteAllText(index, File.ReadAllText(index).Replace("\"model.norm.weight\": \"model-00002", "\"model.norm.weight\": \"model-00001", StringComparison.Ordinal));

        Should.Throw<InvalidInputException>(() => Checkpoint.Open(folder.Path)).Message.ShouldContain("'model.norm.weight' is not in model-00001-of-00002.safetensors");
    }

    [Fact]
    public void Companions_are_copied_and_code_is_not()
    {
        using var from = new TemporaryFolder();
        using var to = new TemporaryFolder();
        foreach (var name in new[] { "tokenizer.json", "chat_template.jinja", "generation_config.json", "modeling_evil.py", "pytorch_model.bin" })
        {
            File.WriteAllText(from[name], name);
        }

        CheckpointWriter.CopyCompanions(from.Path, to.Path);

        Directory.EnumerateFiles(to.Path).Select(Path.GetFileName).ShouldBe(["tokenizer.json", "chat_template.jinja", "generation_config.json"], ignoreOrder: true);
    }

    [Fact]
    public void Manifest_reads_back_and_notices_a_changed_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], "{}");
        var manifest = new ModelManifest
        {
            Id = "m-0007",
            Parents = [new("m-0001", "abc"), new("m-0002", null)],
            Action = "linear",
            Seed = 5,
            Base = "base",
            Files = ContentDigest.OfFolder(folder.Path),
        };
        manifest.Write(folder.Path);
        var first = File.ReadAllBytes(folder["lamd.json"]);
        manifest.Write(folder.Path);

        var read = ModelManifest.Read(folder.Path);
        read.Parents.ShouldBe(manifest.Parents);
        read.Digest.ShouldBe(manifest.Digest);
        read.FindChangedFiles(folder.Path).ShouldBeEmpty();
        File.ReadAllBytes(folder["lamd.json"]).ShouldBe(first);
        File.WriteAllText(folder["config.json"], "{ }");
        read.FindChangedFiles(folder.Path).ShouldBe(["config.json"]);
    }

    [Fact]
    public void A_staged_folder_appears_whole_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        using (var dropped = StagedFolder.Create(folder["m"]))
        {
            File.WriteAllText(dropped["a"], "x");
        }

        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBeEmpty();
        using (var staged = StagedFolder.Create(folder["m"] + "/"))
        {
            File.WriteAllText(staged["a"], "x");
            Directory.Exists(folder["m"]).ShouldBeFalse();
            staged.Publish();
        }

        File.ReadAllText(folder["m", "a"]).ShouldBe("x");
        Directory.EnumerateFileSystemEntries(folder.Path).Count().ShouldBe(1);
        Should.Throw<InvalidInputException>(() => StagedFolder.Create(folder["m"]));
    }

    [Fact]
    public void Leftovers_of_killed_processes_can_be_swept()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(StagedFolder.Create(folder["m"])["a"], "x");

        StagedFolder.DeleteLeftovers(folder.Path);

        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public void An_atomic_file_replaces_what_was_there()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.WriteAllText(folder["a"], "one");
        AtomicFile.WriteAllBytes(folder["a"], Encoding.UTF8.GetBytes("two"));

        File.ReadAllText(folder["a"]).ShouldBe("two");
        Directory.EnumerateFileSystemEntries(folder.Path).Count().ShouldBe(1);
    }

    [Fact]
    public void Too_little_room_is_refused_before_the_work_starts()
    {
        using var folder = new TemporaryFolder();

        Should.Throw<InvalidInputException>(() => DiskFull.RequireSpace(folder["not", "yet", "there"], long.MaxValue)).Message.ShouldContain("free some space");
        DiskFull.RequireSpace(folder.Path, 1);
    }
}
