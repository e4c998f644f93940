namespace LamdAgent.Planner;

internal static class Program
{
    private static int Main() => 0;
}
