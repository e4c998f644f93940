using System.Globalization;
using System.Text;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Reports;

/// <summary>
/// The score curve of a search as an SVG picture: a point with its standard error per step, the best so far as a staircase, base and plain SFT as lines. No scripts, no
/// fonts or styles from elsewhere, readable on white and when printed without colour.
/// </summary>
public static class ScoreCurve
{
    private const double Width = 860;
    private const double Height = 420;
    private const double Left = 64;
    private const double Right = 24;
    private const double Top = 66;
    private const double Bottom = 50;
    private const string Train = "#2563a8";
    private const string Merge = "#c2570c";
    private const string Best = "#1f7a4d";
    private const string Grey = "#6b7280";

    /// <summary>Draws it.</summary>
    public static string Draw(SearchReport report)
    {
        var scored = report.Steps.Where(s => s.Score is not null).ToList();
        var (low, high) = Range(report, scored);
        var ticks = Ticks(low, high);
        (low, high) = (Math.Min(low, ticks[0]), Math.Max(high, ticks[^1]));
        var count = Math.Max(1, report.Steps.Count);
        var svg = new StringBuilder();
        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" font-family=\"system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"12\">");
        Line($"<title>{Escape($"Validation score by step, search {report.Run}")}</title>");
        Line($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#ffffff\"/>");
        Line($"<text x=\"{Left}\" y=\"24\" font-size=\"15\" font-weight=\"600\" fill=\"#111827\">{Escape($"{report.Name}: validation score by step")}</text>");

        foreach (var tick in ticks)
        {
            Line($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{N(Y(tick))}\" y2=\"{N(Y(tick))}\" stroke=\"#e5e7eb\"/>");
            Line($"<text x=\"{Left - 8}\" y=\"{N(Y(tick) + 4)}\" text-anchor=\"end\" fill=\"{Grey}\">{TickText(tick, ticks)}</text>");
        }

        var every = (int)Math.Ceiling(count / 20.0);
        for (var i = 1; i <= count; i += every)
        {
            Line($"<text x=\"{N(X(i))}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\" fill=\"{Grey}\">{i}</text>");
        }

        Line($"<text x=\"{N((Left + Width - Right) / 2)}\" y=\"{Height - 10}\" text-anchor=\"middle\" fill=\"{Grey}\">step</text>");
        Line($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom}\" stroke=\"#9ca3af\"/>");

        Level(report.Base.Validation, "base", Grey, "2 4");
        Level(report.PlainSft?.Validation, "plain SFT", "#7c3aed", "7 4");
        Staircase();
        foreach (var step in report.Steps)
        {
            Point(step);
        }

        Legend();
        svg.Append("</svg>\n");
        return svg.ToString();

        void Line(FormattableString text) => svg.Append(FormattableString.Invariant(text)).Append('\n');
        double X(double number) => count == 1 ? (Left + Width - Right) / 2 : Left + 24 + ((number - 1) / (count - 1) * (Width - Left - Right - 48));
        double Y(double score) => Height - Bottom - ((score - low) / (high - low) * (Height - Top - Bottom));

        void Level(ReportScore? score, string name, string colour, string dashes)
        {
            if (score is null)
            {
                return;
            }

            var error = score.Stderr ?? 0;
            var band = Math.Max(0.5, Y(score.Score - error) - Y(score.Score + error));
            Line($"<rect x=\"{Left}\" y=\"{N(Y(score.Score + error))}\" width=\"{Width - Left - Right}\" height=\"{N(band)}\" fill=\"{colour}\" opacity=\"0.08\"/>");
            Line($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{N(Y(score.Score))}\" y2=\"{N(Y(score.Score))}\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\"><title>{Escape($"{name} {ScoreText.Of(score.Score, score.Stderr)}")}</title></line>");
        }

        void Staircase()
        {
            var best = report.Base.Validation?.Score;
            if (best is null)
            {
                return;
            }

            var path = new StringBuilder(FormattableString.Invariant($"M {N(Left)} {N(Y(best.Value))}"));
            foreach (var step in report.Steps)
            {
                if (step is { Score: { } score, Eligible: true } && score > best)
                {
                    path.Append(FormattableString.Invariant($" H {N(X(step.Number))} V {N(Y(score))}"));
                    best = score;
                }
            }

            path.Append(FormattableString.Invariant($" H {N(Width - Right)}"));
            Line($"<path d=\"{path.ToString()}\" fill=\"none\" stroke=\"{Best}\" stroke-width=\"2.5\" stroke-linejoin=\"round\"/>");
        }

        void Point(ReportStep step)
        {
            var x = X(step.Number);
            var label = Escape($"{step.Id} {step.ActionType} -> {step.Model}: {(step.Score is { } s ? ScoreText.Of(s, step.Stderr) : step.State.ToString().ToLowerInvariant())}{(step.Eligible == false ? " (over a regression limit)" : "")}");
            if (step.Score is not { } score)
            {
                if (step.State is StepState.Failed or StepState.Cancelled)
                {
                    var y = Height - Bottom - 8;
                    Line($"<path d=\"M {N(x - 4)} {N(y - 4)} l 8 8 m 0 -8 l -8 8\" stroke=\"#b91c1c\" stroke-width=\"2\"><title>{label}</title></path>");
                }

                return;
            }

            var colour = step.Kind == ActionKind.Merge ? Merge : Train;
            var fill = step.Eligible == false ? "#ffffff" : colour;
            var (up, down) = (Y(score + (step.Stderr ?? 0)), Y(score - (step.Stderr ?? 0)));
            Line($"<path d=\"M {N(x)} {N(up)} V {N(down)} M {N(x - 4)} {N(up)} h 8 M {N(x - 4)} {N(down)} h 8\" stroke=\"{colour}\" stroke-width=\"1.2\" opacity=\"0.65\"/>");
            if (step.Kind == ActionKind.Merge)
            {
                Line($"<path d=\"M {N(x)} {N(Y(score) - 6.5)} l 6.5 6.5 l -6.5 6.5 l -6.5 -6.5 Z\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"1.5\"><title>{label}</title></path>");
            }
            else
            {
                Line($"<circle cx=\"{N(x)}\" cy=\"{N(Y(score))}\" r=\"5\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"1.5\"><title>{label}</title></circle>");
            }
        }

        void Legend()
        {
            var x = Left;
            Entry(FormattableString.Invariant($"<circle cx=\"6\" cy=\"-4\" r=\"5\" fill=\"{Train}\"/>"), "training");
            Entry(FormattableString.Invariant($"<path d=\"M 6 -10.5 l 6.5 6.5 l -6.5 6.5 l -6.5 -6.5 Z\" fill=\"{Merge}\"/>"), "merge");
            Entry(FormattableString.Invariant($"<circle cx=\"6\" cy=\"-4\" r=\"5\" fill=\"#ffffff\" stroke=\"{Grey}\" stroke-width=\"1.5\"/>"), "over a regression limit");
            Entry("<path d=\"M 2 -8 l 8 8 m 0 -8 l -8 8\" stroke=\"#b91c1c\" stroke-width=\"2\"/>", "failed");
            Entry(FormattableString.Invariant($"<path d=\"M 0 -4 h 14\" stroke=\"{Best}\" stroke-width=\"2.5\"/>"), "best so far");
            Entry(FormattableString.Invariant($"<path d=\"M 0 -4 h 14\" stroke=\"{Grey}\" stroke-width=\"1.5\" stroke-dasharray=\"2 4\"/>"), "base");
            if (report.PlainSft?.Validation is not null)
            {
                Entry("<path d=\"M 0 -4 h 14\" stroke=\"#7c3aed\" stroke-width=\"1.5\" stroke-dasharray=\"7 4\"/>", "plain SFT on everything");
            }

            void Entry(string mark, string name)
            {
                Line($"<g transform=\"translate({N(x)} 48)\">{mark}<text x=\"20\" y=\"0\" fill=\"#374151\">{name}</text></g>");
                x += 42 + (name.Length * 6.1);
            }
        }
    }

    private static (double Low, double High) Range(SearchReport report, List<ReportStep> scored)
    {
        var values = scored.SelectMany(s => new[] { s.Score!.Value - (s.Stderr ?? 0), s.Score.Value + (s.Stderr ?? 0) }).ToList();
        foreach (var level in new[] { report.Base.Validation, report.PlainSft?.Validation })
        {
            if (level is not null)
            {
                values.Add(level.Score - (level.Stderr ?? 0));
                values.Add(level.Score + (level.Stderr ?? 0));
            }
        }

        if (values.Count == 0)
        {
            return (0, 1);
        }

        var (low, high) = (values.Min(), values.Max());
        var margin = Math.Max((high - low) * 0.06, 1e-3);
        return (low >= 0 ? Math.Max(0, low - margin) : low - margin, high + margin);
    }

    private static List<double> Ticks(double low, double high)
    {
        var rough = (high - low) / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = new[] { 1.0, 2, 2.5, 5, 10 }.Select(m => m * power).First(s => s >= rough - 1e-12);
        var ticks = new List<double>();
        for (var i = Math.Floor(low / step); i <= Math.Ceiling(high / step) + 1e-9; i++)
        {
            ticks.Add(i * step);
        }

        return ticks;
    }

    private static string TickText(double tick, List<double> ticks)
    {
        var step = ticks[1] - ticks[0];
        var digits = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) + 0.3), 0, 6);
        return tick.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string N(double value) => Math.Round(value, 1).ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}
