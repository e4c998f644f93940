using System.Buffers.Binary;
using System.Text;
using CsCheck;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Checkpoints.Tests;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Reads_a_file_that_another_implementation_wrote()
    {
        using var file = SafetensorsFile.Open(Repository.Golden("models", "llama-tied", "model.safetensors"));

        var norm = file.Tensors["model.norm.weight"];
        norm.DType.ShouldBe(DType.F32);
        norm.Shape.ShouldBe([48L]);
        norm.Bytes.Length.ShouldBe(192);
        file.Metadata["format"].ShouldBe("pt");
        file.InOrder.Sum(t => t.ByteLength).ShouldBe(212928);
    }

    public static TheoryData<string, int, string> HostileHeaders() => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "cut short" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "belong to no tensor" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "cannot take 8 bytes" },
        { """{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, "cannot take" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4, "cannot take" },
        { """{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}""", 4, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "ends before" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "two data_offsets" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}""", 4, "whole numbers" },
        { """{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown type" },
        { """{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "needs dtype" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"code":"x"}}""", 4, "unexpected key" },
        { """{"a":{"dtype":"F32","dtype":"I8","shape":[1],"data_offsets":[0,4]}}""", 4, "unexpected key" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "twice" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "overlaps" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "hole of 4" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "hole of 4" },
        { """{"__metadata__":{"a":1}}""", 0, "is not text" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", 0, "twice" },
        { """{"a":[1]}""", 0, "not an object" },
        { """{"a":{"dtype":"F32","shape":[[[[[[1]]]]]],"data_offsets":[0,4]}}""", 4, "not valid" },
        { """[]""", 0, "begin with" },
        { """{} {}""", 0, "not valid" },
        { """{"a":""", 0, "not valid" },
        { """{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "not valid" },
        { "", 0, "begin with" },
    };

    [Theory]
    [MemberData(nameof(HostileHeaders))]
    public void Refuses_a_header_that_lies(string header, int dataBytes, string complaint)
    {
        using var folder = new TemporaryFolder();
        var path = folder["x.safetensors"];
        File.WriteAllBytes(path, Encode(Encoding.UTF8.GetBytes(header), dataBytes));

        var error = Should.Throw<InvalidInputException>(() => SafetensorsFile.Open(path));

        error.Message.ShouldContain(complaint);
        error.Message.ShouldStartWith(path);
        error.Message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(100_000_001UL)]
    [InlineData(1000UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(9223372036854775807UL)]
    public void Refuses_a_header_length_that_lies(ulong length)
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder["x.safetensors"], bytes);

        Should.Throw<InvalidInputException>(() => SafetensorsFile.Open(folder["x.safetensors"]));
    }

    [Fact]
    public void Refuses_every_prefix_of_a_file()
    {
        using var folder = new TemporaryFolder();
        var whole = Encode("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"""u8, 8);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder[$"{length}.safetensors"];
            File.WriteAllBytes(path, whole[..length]);
            Should.Throw<InvalidInputException>(() => SafetensorsFile.Open(path));
        }
    }

    // Whatever bytes are changed, a header is either refused with the one exception type, or all its tensors lie within the data.
    [Fact]
    public void Fuzzed_headers_are_refused_or_sound()
    {
        var seed = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}}"""u8.ToArray();
        var words = new[] { "0", "-1", "9223372036854775807", "{", "}", "[", "]", "\"", ",", ":", "1e400", "null", "true", "\"dtype\"", "\\u0000", "\ud83d\ude00" };
        Gen.Select(Gen.Int[0, seed.Length - 1], Gen.Int[0, 12], Gen.OneOf(Gen.Int[0, words.Length - 1].Select(i => Encoding.UTF8.GetBytes(words[i])), Gen.Byte.Array[0, 4]))
            .Array[1, 4]
            .Sample(
                edits =>
                {
                    var bytes = seed.ToList();
                    foreach (var (at, remove, insert) in edits)
                    {
                        var start = Math.Min(at, bytes.Count);
                        bytes.RemoveRange(start, Math.Min(remove, bytes.Count - start));
                        bytes.InsertRange(start, insert);
                    }

                    try
                    {
                        var (entries, _) = SafetensorsHeader.Parse(bytes.ToArray(), 24, "x");
                        return entries.Sum(e => e.End - e.Begin) == 24 && entries.TrueForAll(e => e.Begin >= 0 && e.End <= 24);
                    }
                    catch (InvalidInputException)
                    {
                        return true;
                    }
                },
                iter: 20_000,
                threads: 1);
    }

    [Fact]
    public void Written_files_read_back_the_same_in_pieces_of_any_size()
    {
        var tensor = Gen.Select(Gen.Int[0, Enum.GetValues<DType>().Length - 1].Select(i => (DType)i), Gen.Long[0, 7].Array[0, 3]);
        Gen.Select(tensor.Array[0, 6], Gen.Int[1, 50], Gen.Int)
            .Sample(
                (tensors, piece, seed) =>
                {
                    using var folder = new TemporaryFolder();
                    var declarations = tensors.Select((t, i) => new TensorDeclaration($"tensor {i} \"ü\"", t.Item1, t.Item2)).ToArray();
                    var random = new Random(seed);
                    var data = declarations.Select(d =>
                    {
                        var bytes = new byte[d.ByteLength];
                        random.NextBytes(bytes);
                        return bytes;
                    }).ToArray();
                    var path = folder["x.safetensors"];
                    string digest;
                    using (var writer = SafetensorsWriter.Create(path, declarations))
                    {
                        for (var i = 0; i < data.Length; i++)
                        {
                            foreach (var part in data[i].Chunk(piece))
                            {
                                writer.Write(declarations[i].Name, part);
                            }
                        }

                        digest = writer.Finish();
                    }

                    digest.ShouldBe(ContentDigest.OfFile(path));
                    using var file = SafetensorsFile.Open(path);
                    file.Tensors.Count.ShouldBe(declarations.Length);
                    for (var i = 0; i < data.Length; i++)
                    {
                        var read = file.Tensors[declarations[i].Name];
                        read.DType.ShouldBe(declarations[i].DType);
                        read.Shape.ShouldBe(declarations[i].Shape);
                        read.Bytes.SequenceEqual(data[i]).ShouldBeTrue();
                    }
                },
                iter: 200,
                threads: 1);
    }

    [Fact]
    public void Writer_refuses_what_was_not_declared()
    {
        using var folder = new TemporaryFolder();
        using var writer = SafetensorsWriter.Create(folder["x.safetensors"], [new("a", DType.F32, [2]), new("b", DType.F32, [1])]);

        Should.Throw<InvalidOperationException>(() => writer.Write("b", new byte[4]));
        Should.Throw<InvalidOperationException>(() => writer.Write("a", new byte[9]));
        writer.Write("a", new byte[8]);
        Should.Throw<InvalidOperationException>(() => writer.Finish());
        Should.Throw<InvalidOperationException>(() => SafetensorsWriter.Create(folder["y.safetensors"], [new("a", DType.F32, [2]), new("a", DType.F32, [1])]));
    }

    [Fact]
    public void A_file_that_was_not_finished_is_refused_by_the_reader()
    {
        using var folder = new TemporaryFolder();
        using (var writer = SafetensorsWriter.Create(folder["x.safetensors"], [new("a", DType.F32, [2])]))
        {
            writer.Write("a", new byte[4]);
        }

        Should.Throw<InvalidInputException>(() => SafetensorsFile.Open(folder["x.safetensors"])).Message.ShouldContain("cut short");
    }

    [Fact]
    public void A_full_disk_is_one_clear_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");
        var full = new FileStream("/dev/full", new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write, BufferSize = 0 });

        var error = Should.Throw<InvalidInputException>(() => SafetensorsWriter.Create("out/model.safetensors", full, [new("a", DType.F32, [2])], null, hash: true));

        error.Message.ShouldContain("out/model.safetensors: the disk is full");
    }

    [Fact]
    public void Reading_after_dispose_throws_instead_of_touching_freed_memory()
    {
        var file = SafetensorsFile.Open(Repository.Golden("models", "llama-tied", "model.safetensors"));
        var tensor = file.InOrder[0];
        file.Dispose();

        Should.Throw<ObjectDisposedException>(() => tensor.Bytes.Length);
    }

    private static byte[] Encode(ReadOnlySpan<byte> header, int dataBytes)
    {
        var bytes = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes.AsSpan(8));
        return bytes;
    }
}
