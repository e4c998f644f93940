namespace LamdAgent.Merger;

internal static class Program
{
    private static int Main() => 0;
}
