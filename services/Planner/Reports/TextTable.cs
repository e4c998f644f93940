using System.Text;

namespace LamdAgent.Planner.Reports;

/// <summary>Columns of text for a terminal: the first ones to the left, numbers to the right, two spaces between.</summary>
internal static class TextTable
{
    public static void Write(StringBuilder to, IReadOnlyList<IReadOnlyList<string>> rows, int leftColumns)
    {
        var widths = Enumerable.Range(0, rows.Max(r => r.Count)).Select(c => rows.Max(r => c < r.Count ? r[c].Length : 0)).ToList();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, c) => c < leftColumns ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]));
            to.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
    }
}
