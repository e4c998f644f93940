using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Generation;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Generation;

public sealed class TextGeneratorTests
{
    public static TheoryData<string> Models => [.. Directory.GetDirectories(Repository.Golden("models")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Greedy_continuations_are_those_of_transformers(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(Repository.Golden("models", name, "expected.safetensors"));
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name));
        var generator = new TextGenerator(model);
        var settings = new GenerationSettings { MaxNewTokens = 16 };

        generator.Generate(golden.Rows("gen.input_ids"), settings)[0].Ids.ShouldBe(golden.Ids("gen.new_ids"));
        var mask = golden.Rows("gen_padded.attention_mask");
        var prompts = golden.Rows("gen_padded.input_ids").Select((row, i) => row.Where((_, t) => mask[i][t] == 1).ToArray()).ToArray();
        var together = generator.Generate(prompts, settings);
        together.Select(t => t.Ids).ShouldBe(golden.Rows("gen_padded.new_ids"));
        together.ShouldAllBe(t => !t.Stopped);
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("gemma2")]
    [InlineData("mistral")]
    [InlineData("gpt2")]
    public void A_row_gives_the_same_beside_any_other_rows(string name)
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name));
        var generator = new TextGenerator(model);
        var prompts = Prompts(11);
        var settings = new GenerationSettings { MaxNewTokens = 20, StopIds = [7, 100, 150, 200, 250] };

        var alone = prompts.Select(p => generator.Generate([p], settings)[0].Ids).ToList();

        generator.Generate(prompts, settings with { BatchSize = 4 }).Select(t => t.Ids).ShouldBe(alone);
        generator.Generate(prompts, settings with { BatchSize = 11 }).Select(t => t.Ids).ShouldBe(alone);
        var sampling = settings with { Temperature = 0.9, TopP = 0.95, TopK = 50, Seed = 5, MaxNewTokens = 6 };
        var sampled = generator.Generate(prompts, sampling).Select(t => t.Ids).ToList();
        generator.Generate(prompts, sampling with { BatchSize = 3 }).Select(t => t.Ids).ShouldBe(sampled);
        generator.Generate(prompts, sampling with { Seed = 6 }).Select(t => t.Ids).ShouldNotBe(sampled);
    }

    [Fact]
    public void What_is_cached_gives_what_reading_everything_again_gives()
    {
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "qwen3"));
        int[] prompt = [5, 9, 200, 31];

        var ids = new TextGenerator(model).Generate([prompt], new GenerationSettings { MaxNewTokens = 200 })[0].Ids;

        var logits = model.Logits(TokenBatch.FromRows([[.. prompt, .. ids]]));
        logits.argmax(-1).narrow(0, prompt.Length - 1, ids.Count).data<long>().Select(i => (int)i).ShouldBe(ids);
    }

    [Fact]
    public void A_stop_token_ends_its_row_and_is_its_last()
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "llama-tied"));
        var generator = new TextGenerator(model);
        int[] prompt = [184, 282, 110, 156, 66, 222, 224, 199, 265];

        var stopped = generator.Generate([prompt], new GenerationSettings { MaxNewTokens = 16, StopIds = [135] })[0];

        stopped.Ids.ShouldBe([257, 257, 257, 257, 135]);
        stopped.Stopped.ShouldBeTrue();
        generator.Generate([prompt], new GenerationSettings { MaxNewTokens = 0 })[0].Ids.ShouldBeEmpty();
    }

    [Fact]
    public void Samples_follow_the_probabilities()
    {
        var logits = new float[] { MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.15f), MathF.Log(0.05f) };

        Shares(new GenerationSettings { Temperature = 1 }).ShouldBe([0.5, 0.3, 0.15, 0.05], 0.02);
        Shares(new GenerationSettings { Temperature = 1, TopK = 2 }).ShouldBe([0.625, 0.375, 0, 0], 0.02);
        Shares(new GenerationSettings { Temperature = 1, TopP = 0.81 }).ShouldBe([0.526, 0.316, 0.158, 0], 0.02);
        Shares(new GenerationSettings { Temperature = 0.5 }).ShouldBe([0.685, 0.247, 0.062, 0.007], 0.02);

        double[] Shares(GenerationSettings settings)
        {
            var sampler = new TokenSampler(settings, 3);
            var counts = new double[4];
            for (var i = 0; i < 10_000; i++)
            {
                counts[sampler.Draw(logits)] += 1e-4;
            }

            return counts;
        }
    }

    [Fact]
    public void Prompts_that_cannot_be_continued_are_refused()
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "gpt2"));
        var generator = new TextGenerator(model);

        Should.Throw<InvalidInputException>(() => generator.Generate([[]], new GenerationSettings())).Message.ShouldContain("prompt 0 is empty");
        Should.Throw<InvalidInputException>(() => generator.Generate([[288]], new GenerationSettings())).Message.ShouldContain("288");
        Should.Throw<InvalidInputException>(() => generator.Generate([new int[65]], new GenerationSettings())).Message.ShouldContain("64 positions");
        generator.Generate([new int[60]], new GenerationSettings { MaxNewTokens = 50 })[0].Ids.Count.ShouldBe(5);
    }

    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "llama-tied"));
        var generator = new TextGenerator(model);
        generator.Generate(Prompts(4), new GenerationSettings { MaxNewTokens = 3 });
        using var scope = NewDisposeScope();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        generator.Generate(Prompts(4), new GenerationSettings { MaxNewTokens = 500 });
        for (var i = 0; i < 500; i++)
        {
            using var step = NewDisposeScope();
            model.Forward(TokenBatch.FromRows(Prompts(3)));
        }

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
    }

    private static int[][] Prompts(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(0, 1 + (i * 7 % 13)).Select(t => (i * 31) + (t * 17) % 288).Select(id => id % 288).ToArray())];
}
