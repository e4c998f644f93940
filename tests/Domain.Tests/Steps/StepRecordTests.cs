using System.Text.Json;
using CsCheck;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Domain.Tests.Steps;

public sealed class StepRecordTests
{
    private static readonly StepRecord Step = new()
    {
        SearchId = "tool-use",
        Id = StepId.Format(StepRole.Search, 7),
        Number = 7,
        Role = StepRole.Search,
        Action = new PipelineAction
        {
            Type = "sft",
            Kind = ActionKind.Train,
            Models = ["m-0001"],
            Datasets = ["tools"],
            Parameters = new Dictionary<string, string> { ["learning_rate"] = "2e-4" },
        },
        ActionKey = "k",
        Seed = 3,
        ModelId = ModelId.Format(8),
        PlannedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void A_step_survives_json()
    {
        var full = Step with
        {
            State = StepState.Scored,
            Product = new ProducedModel("d", "a", 12),
            Scores = [new TaskScore { TaskId = "t", Score = 0.5, StandardError = 0.1, Count = 25 }],
            Failure = new StepFailure(StepFailureKind.Faulted, "why"),
            Progress = new StepProgress(0.5, "half"),
        };
        var json = JsonSerializer.Serialize(full, DomainJson.Options);
        var back = JsonSerializer.Deserialize<StepRecord>(json, DomainJson.Options)!;

        JsonSerializer.Serialize(back, DomainJson.Options).ShouldBe(json);
        json.ShouldContain("\"state\":\"scored\"");
        back.Action.ToString().ShouldBe("sft(m-0001, tools; learning_rate=2e-4)");
    }

    [Fact]
    public void The_due_stage_follows_action_and_state()
    {
        Step.DueStage.ShouldBe(StepStage.Train);
        (Step with { State = StepState.Produced }).DueStage.ShouldBe(StepStage.Evaluate);
        (Step with { State = StepState.Failed }).DueStage.ShouldBeNull();
        (Step with { Action = Step.Action with { Kind = ActionKind.Merge } }).DueStage.ShouldBe(StepStage.Merge);
        (Step with { Action = Step.Action with { Kind = ActionKind.Evaluate } }).DueStage.ShouldBe(StepStage.Evaluate);
    }

    [Fact]
    public void States_only_move_forward_and_ends_are_final()
    {
        Gen.Select(Gen.Enum<StepState>(), Gen.Enum<StepState>()).Sample((from, to) =>
        {
            var allowed = StepStateMachine.CanMove(from, to);
            if (StepStateMachine.IsTerminal(from) || from == to)
            {
                return !allowed;
            }

            return allowed == (to is StepState.Failed or StepState.Cancelled || to > from);
        });
    }

    [Fact]
    public void The_key_depends_on_everything_that_is_an_input_and_on_nothing_else()
    {
        string Key(PipelineAction action, long seed = 1, double fraction = 1, string digest = "d") =>
            ActionKey.Compute(action, seed, fraction, id => "model:" + id, id => digest + id);

        var key = Key(Step.Action);
        key.ShouldBe(Key(Step.Action with { Parameters = new Dictionary<string, string> { ["learning_rate"] = "2e-4" } }));
        key.ShouldNotBe(Key(Step.Action with { Parameters = new Dictionary<string, string> { ["learning_rate"] = "1e-4" } }));
        key.ShouldNotBe(Key(Step.Action with { Type = "cpt" }));
        key.ShouldNotBe(Key(Step.Action with { Models = ["m-0002"] }));
        key.ShouldNotBe(Key(Step.Action with { Datasets = ["other"] }));
        key.ShouldNotBe(Key(Step.Action with { BaseModel = "m-0001" }));
        key.ShouldNotBe(Key(Step.Action, seed: 2));
        key.ShouldNotBe(Key(Step.Action, fraction: 0.5));
        key.ShouldNotBe(Key(Step.Action, digest: "e"));
    }
}
