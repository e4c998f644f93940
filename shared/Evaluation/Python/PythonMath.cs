namespace LamdAgent.Evaluation.Python;

/// <summary>Arithmetic as the reference scripts do it, to the last bit.</summary>
public static class PythonMath
{
    /// <summary><c>sum(values)</c> of Python 3.12 and later: Neumaier's compensated summation.</summary>
    public static double Sum(IEnumerable<double> values)
    {
        var (sum, compensation) = (0.0, 0.0);
        foreach (var value in values)
        {
            var next = sum + value;
            compensation += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }

        return compensation != 0 && double.IsFinite(compensation) ? sum + compensation : sum;
    }
}
