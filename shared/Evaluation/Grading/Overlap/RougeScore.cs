namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>Precision, recall and their harmonic mean, 0 to 1.</summary>
internal readonly record struct RougeScore(double Precision, double Recall)
{
    public double F => Precision + Recall > 0 ? 2 * Precision * Recall / (Precision + Recall) : 0;
}
