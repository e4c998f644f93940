using LamdAgent.Merging;
using LamdAgent.Standalone.Commands;
using Microsoft.Extensions.Time.Testing;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class ConsoleMergeProgressTests
{
    [Fact]
    public void It_says_how_far_how_fast_and_how_long_still_and_not_too_often()
    {
        var time = new FakeTimeProvider();
        using var output = new StringWriter { NewLine = "\n" };
        var progress = new ConsoleMergeProgress(output, time);

        progress.Report(new MergeProgress("a", 1, 8, 100_000_000, 4_000_000_000, TimeSpan.FromSeconds(0.1)));
        output.ToString().ShouldBe("");
        time.Advance(TimeSpan.FromSeconds(0.6));
        progress.Report(new MergeProgress("b", 2, 8, 1_000_000_000, 4_000_000_000, TimeSpan.FromSeconds(0.8)));
        progress.Report(new MergeProgress("c", 3, 8, 1_500_000_000, 4_000_000_000, TimeSpan.FromSeconds(0.9)));
        output.ToString().ShouldBe("merging: 2/8 tensors, 25 %, 1.25 GB/s, 2 s left\n");

        time.Advance(TimeSpan.FromSeconds(0.5));
        progress.Report(new MergeProgress("nothing", 0, 0, 0, 0, TimeSpan.Zero));
        output.ToString().ShouldEndWith("merging: 0/0 tensors, 0 %, 0.00 GB/s, 0 s left\n");
    }
}
