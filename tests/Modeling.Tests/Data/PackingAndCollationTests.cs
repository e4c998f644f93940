using System.Text.Json;
using CsCheck;
using LamdAgent.Modeling.Data;
using LamdAgent.Modeling.Tests.Losses;

namespace LamdAgent.Modeling.Tests.Data;

public sealed class PackingAndCollationTests
{
    public static TheoryData<string> PackingCases => GoldenLosses.Names("packing");

    public static TheoryData<string> CollationCases => GoldenLosses.Names("sft_collation");

    [Theory]
    [MemberData(nameof(PackingCases))]
    public void Packing_is_that_of_trl(string name)
    {
        var c = GoldenLosses.Case("packing", name);
        var lengths = Ints(c.GetProperty("inputs").GetProperty("lengths"));
        var documents = Documents(lengths);
        var packed = SequencePacker.Pack(lengths, c.GetProperty("params").GetProperty("seq_length").GetInt32(), c.GetProperty("params").GetProperty("strategy").GetString()!);
        var expected = c.GetProperty("expected");
        var rows = expected.GetProperty("input_ids");
        packed.Count.ShouldBe(rows.GetArrayLength());
        for (var i = 0; i < packed.Count; i++)
        {
            packed[i].Pieces.SelectMany(p => documents[p.Document].Ids.AsSpan(p.Start, p.Length).ToArray()).ShouldBe(Ints(rows[i]));
            packed[i].Pieces.SelectMany(p => documents[p.Document].Labels.AsSpan(p.Start, p.Length).ToArray()).ShouldBe(Ints(expected.GetProperty("labels")[i]));
            if (expected.TryGetProperty("seq_lengths", out var seqLengths))
            {
                packed[i].Pieces.Select(p => p.Length).ShouldBe(Ints(seqLengths[i]));
            }
        }

        if (expected.TryGetProperty("padding_free_batch_of_first_3_rows", out var flat))
        {
            var batch = Collator.Concatenate([.. packed.Take(3).SelectMany(s => s.Pieces)
                .Select(p => (documents[p.Document].Ids[p.Start..(p.Start + p.Length)], documents[p.Document].Labels[p.Start..(p.Start + p.Length)]))]);
            batch.InputIds.ShouldBe(Ints(flat.GetProperty("input_ids")[0]));
            batch.Labels.ShouldBe(Ints(flat.GetProperty("labels")[0]));
            batch.PositionIds.ShouldBe(Ints(flat.GetProperty("position_ids")[0]));
        }
    }

    [Theory]
    [MemberData(nameof(CollationCases))]
    public void Collation_is_that_of_trl(string name)
    {
        var c = GoldenLosses.Case("sft_collation", name);
        var p = c.GetProperty("params");
        var rows = c.GetProperty("inputs").EnumerateArray()
            .Select(row => (Ids: Ints(row.GetProperty("input_ids")), Labels: SftLabels.Of(Ints(row.GetProperty("input_ids")), Mask(row, "completion_mask"), Mask(row, "assistant_masks"))))
            .ToList();
        var expected = c.GetProperty("expected");
        rows.Select(r => r.Labels).ShouldBe(expected.GetProperty("labels_per_example").EnumerateArray().Select(Ints));
        var multiple = p.GetProperty("pad_to_multiple_of").ValueKind == JsonValueKind.Null ? 1 : p.GetProperty("pad_to_multiple_of").GetInt32();
        var batch = expected.GetProperty("batch");
        var pad = p.GetProperty("pad_token_id").GetInt32();
        if (p.GetProperty("padding_free").GetBoolean())
        {
            var flat = Collator.Concatenate(rows, pad, multiple);
            flat.InputIds.ShouldBe(Ints(batch.GetProperty("input_ids")));
            flat.Labels.ShouldBe(Ints(batch.GetProperty("labels")));
            flat.PositionIds.ShouldBe(Ints(batch.GetProperty("position_ids")));
        }
        else
        {
            var padded = Collator.Pad(rows, pad, multiple);
            padded.InputIds.ShouldBe(Ints(batch.GetProperty("input_ids")));
            padded.Labels.ShouldBe(Ints(batch.GetProperty("labels")));
            padded.AttentionMask.ShouldBe(Ints(batch.GetProperty("attention_mask")));
        }
    }

    [Fact]
    public void Packing_loses_and_repeats_nothing_and_fits() =>
        Gen.Int[0, 30].Array[0, 60].Select(Gen.Int[1, 20]).Sample((lengths, size) =>
        {
            foreach (var strategy in (string[])["bfd_split", "wrapped", "bfd"])
            {
                var packed = SequencePacker.Pack(lengths, size, strategy);
                packed.ShouldAllBe(s => s.Length <= size && s.Length > 0);
                var tokens = packed.SelectMany(s => s.Pieces).SelectMany(p => Enumerable.Range(p.Start, p.Length).Select(t => (p.Document, t))).Order().ToList();
                tokens.ShouldBe(lengths.SelectMany((l, d) => Enumerable.Range(0, strategy == "bfd" ? Math.Min(l, size) : l).Select(t => (d, t))));
            }
        });

    private static List<(int[] Ids, int[] Labels)> Documents(int[] lengths)
    {
        var documents = new List<(int[], int[])>();
        var next = 100;
        foreach (var length in lengths)
        {
            var ids = Enumerable.Range(next, length).ToArray();
            documents.Add((ids, [.. ids.Select((id, i) => i < length / 2 ? -100 : id)]));
            next += length;
        }

        return documents;
    }

    private static byte[] Mask(JsonElement row, string key) => row.TryGetProperty(key, out var m) ? [.. Ints(m).Select(i => (byte)i)] : [];

    private static int[] Ints(JsonElement e) => [.. GoldenLosses.Doubles(e).Select(d => (int)d)];
}
