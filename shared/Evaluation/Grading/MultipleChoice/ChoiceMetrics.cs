namespace LamdAgent.Evaluation.Grading.MultipleChoice;

/// <summary>Metrics of classification, as in scikit-learn where it has them.</summary>
internal static class ChoiceMetrics
{
    /// <summary>Probabilities that are proportional to the exponentials of the scores.</summary>
    public static double[] Softmax(double[] scores)
    {
        var max = scores.Max();
        var exponentials = scores.Select(score => Math.Exp(score - max)).ToArray();
        var sum = exponentials.Sum();
        return [.. exponentials.Select(value => value / sum)];
    }

    /// <summary>Sum of squared differences between the probabilities and certainty about the gold; 0 to 2, less is better.</summary>
    public static double Brier(double[] probabilities, int gold) =>
        probabilities.Select((value, i) => (value - (i == gold ? 1 : 0)) * (value - (i == gold ? 1 : 0))).Sum();

    /// <summary>F1 of class 1; 0 when it occurs in neither golds nor predictions.</summary>
    public static double F1(IEnumerable<(int Gold, int Predicted)> pairs)
    {
        var (truePositive, wrong) = (0, 0);
        foreach (var (gold, predicted) in pairs)
        {
            truePositive += gold == 1 && predicted == 1 ? 1 : 0;
            wrong += gold != predicted ? 1 : 0;
        }

        return truePositive == 0 ? 0 : 2.0 * truePositive / ((2.0 * truePositive) + wrong);
    }

    /// <summary>Matthews' correlation coefficient of two classes; 0 when one side is constant.</summary>
    public static double Matthews(IEnumerable<(int Gold, int Predicted)> pairs)
    {
        Span<long> counts = stackalloc long[4];
        foreach (var (gold, predicted) in pairs)
        {
            counts[(gold * 2) + predicted]++;
        }

        var (tn, fp, fn, tp) = (counts[0], counts[1], counts[2], counts[3]);
        var product = (double)(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
        return product == 0 ? 0 : ((tp * tn) - (fp * fn)) / Math.Sqrt(product);
    }
}
