using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Optimization;
using LamdAgent.Modeling.Tests.Losses;

namespace LamdAgent.Modeling.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    public static TheoryData<string> Cases => GoldenLosses.Names("lr_schedules");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rates_are_those_of_transformers(string name)
    {
        var c = GoldenLosses.Case("lr_schedules", name);
        if (name == "warmup_setting_to_steps")
        {
            foreach (var e in c.GetProperty("expected").EnumerateArray())
            {
                LearningRateSchedule.WarmupSteps(e.GetProperty("warmup_setting").GetDouble(), e.GetProperty("total_steps").GetInt32())
                    .ShouldBe(e.GetProperty("warmup_steps").GetInt32());
            }

            return;
        }

        var p = c.GetProperty("params");
        var kwargs = new Dictionary<string, double>();
        foreach (var property in p.EnumerateObject())
        {
            if (property.Name is not ("kind" or "learning_rate" or "num_warmup_steps" or "num_training_steps" or "decay_type"))
            {
                kwargs[property.Name] = property.Value.GetDouble();
            }
        }

        var schedule = new LearningRateSchedule(
            new OptimizationSettings
            {
                LearningRate = p.GetProperty("learning_rate").GetDouble(),
                LrSchedulerType = p.GetProperty("kind").GetString()!,
                WarmupSteps = p.GetProperty("num_warmup_steps").GetInt32(),
                LrSchedulerKwargs = kwargs,
                DecayType = GoldenLosses.Word(p, "decay_type", "cosine"),
            },
            p.GetProperty("num_training_steps").GetInt32());
        var steps = c.GetProperty("expected").GetProperty("step");
        var rates = c.GetProperty("expected").GetProperty("lr");
        for (var i = 0; i < steps.GetArrayLength(); i++)
        {
            var expected = rates[i].GetDouble();
            schedule.At(steps[i].GetInt32()).ShouldBe(expected, Math.Max(1e-16, Math.Abs(expected) * 1e-9), $"step {steps[i]}");
        }
    }
}
