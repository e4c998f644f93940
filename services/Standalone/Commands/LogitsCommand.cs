using System.CommandLine;
using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd logits</c>: the parity check with other implementations.</summary>
internal static class LogitsCommand
{
    private const int TokensAtOnce = 4096;

    public static Command Create()
    {
        var model = new ModelArguments();
        var input = new Option<string>("--input") { Description = "{\"input_ids\": [[..]], \"attention_mask\": [[..]]}, the mask may be left out", Required = true };
        var output = new Option<string>("--output") { Description = "A safetensors file with the float32 tensor 'logits' [rows, tokens, vocabulary], 0 in padding", Required = true };
        var json = new Option<bool>("--json") { Description = "The summary as JSON" };
        var command = new Command("logits", "Computes logits of token ids; positions count real tokens. Example: lamd logits --model DIR --input ids.json --output logits.safetensors");
        model.AddTo(command);
        command.Options.Add(input);
        command.Options.Add(output);
        command.Options.Add(json);
        command.SetAction(arguments =>
        {
            var (ids, mask) = Read(arguments.GetValue(input)!);
            using var loaded = model.Load(arguments);
            Write(loaded, ids, mask, arguments.GetValue(output)!);
            int[] shape = [ids.Length, ids[0].Length, loaded.Spec.VocabSize];
            Console.WriteLine(arguments.GetValue(json)
                ? JsonSerializer.Serialize(new { shape, output = arguments.GetValue(output) })
                : $"logits [{string.Join(", ", shape)}] -> {arguments.GetValue(output)}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static (int[][] Ids, int[][]? Mask) Read(string file)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var ids = Rows(json.RootElement, "input_ids") ?? throw new InvalidInputException(file, null, "'input_ids' is missing");
            var mask = Rows(json.RootElement, "attention_mask");
            if (ids.Length == 0 || ids[0].Length == 0 || ids.Any(r => r.Length != ids[0].Length))
            {
                throw new InvalidInputException(file, null, "'input_ids' must be rows of one length, at least one token each");
            }

            if (mask is not null && (mask.Length != ids.Length || mask.Any(r => r.Length != ids[0].Length)))
            {
                throw new InvalidInputException(file, null, "'attention_mask' must have the shape of 'input_ids'");
            }

            return (ids, mask);
        }
        catch (IOException e)
        {
            throw new InvalidInputException(file, null, $"cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(file, null, $"not valid: {e.Message}", e);
        }
    }

    private static int[][]? Rows(JsonElement root, string key) =>
        root.TryGetProperty(key, out var rows) && rows.ValueKind != JsonValueKind.Null
            ? [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetInt32()).ToArray())]
            : null;

    private static void Write(CausalLanguageModel model, int[][] ids, int[][]? mask, string output)
    {
        var width = ids[0].Length;
        var partial = $"{output}.{Guid.NewGuid():n}.partial";
        try
        {
            using (var writer = SafetensorsWriter.Create(partial, [new TensorDeclaration("logits", DType.F32, [ids.Length, width, model.Spec.VocabSize])], hash: false))
            {
                foreach (var rows in Enumerable.Range(0, ids.Length).Chunk(Math.Max(1, TokensAtOnce / width)))
                {
                    using var noGrad = no_grad();
                    using var scope = NewDisposeScope();
                    var logits = model.Forward(Tensor2D(ids, rows), mask is null ? null : Tensor2D(mask, rows)).cpu().contiguous();
                    for (var i = 0; i < rows.Length; i++)
                    {
                        writer.Write("logits", logits[i].bytes);
                    }
                }

                writer.Finish();
            }

            File.Move(partial, output, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(output, null, $"cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static Tensor Tensor2D(int[][] values, int[] rows) =>
        tensor(rows.SelectMany(r => values[r]).Select(v => (long)v).ToArray(), [rows.Length, values[0].Length], ScalarType.Int64);
}
