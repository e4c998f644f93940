using LamdAgent.Benchmarks.Merging;
using LamdAgent.Benchmarks.Training;

namespace LamdAgent.Benchmarks;

/// <summary>Runs a benchmark by name. Nothing here passes or fails by time.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["merge", .. var rest]:
                MergeBenchmark.Run(rest);
                return 0;
            case ["train", .. var sizes]:
                TrainingBenchmark.Run(sizes);
                return 0;
            default:
                Console.Error.WriteLine("usage: LamdAgent.Benchmarks merge [FOLDER] [REPEATS] | train [1M] [5M] [30M]");
                return 2;
        }
    }
}
