using System.Diagnostics;
using System.Globalization;
using Merlon.App.Cli;

namespace Merlon.App.Demo;

/// <summary>Says each step with what really happened, and remembers whether it was what should happen.</summary>
internal sealed class DemoSteps
{
    private readonly List<(string Title, string Outcome, bool Expected)> _steps = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    public bool AllAsExpected => _steps.Count > 0 && _steps.TrueForAll(s => s.Expected);

    public void Chapter(string title)
    {
        Output.Line();
        Output.Markup($"[bold]{Output.Escape(title)}[/]");
    }

    /// <summary>One step that must also stand in the ledger.</summary>
    public void Tell(string title, string outcome, bool expected, DemoEvidence evidence) => Tell(title, outcome, expected && evidence.Found, evidence.Line);

    /// <summary>One step: a mark, what was tried, what came of it.</summary>
    public void Tell(string title, string outcome, bool expected, params string[] details)
    {
        _steps.Add((title, outcome, expected));
        Output.Markup($"  {(expected ? "[green]ok[/]  " : "[red]FAIL[/]")} {Output.Escape(title)}");
        Output.Markup($"       {Output.Escape(outcome)}");
        foreach (var detail in details.Where(d => d.Length > 0))
            Output.Markup($"       [grey]{Output.Escape(detail)}[/]");
    }

    public void Summarise()
    {
        Chapter("Summary");
        Output.MarkupTable(["", "STEP", "OUTCOME"], _steps.Select(s => new[]
        {
            s.Expected ? "[green]ok[/]" : "[red]FAIL[/]", Output.Escape(s.Title), Output.Escape(s.Outcome.Length > 90 ? s.Outcome[..89] + "…" : s.Outcome),
        }));
        var failed = _steps.Count(s => !s.Expected);
        Output.Line(failed == 0
            ? string.Create(CultureInfo.InvariantCulture, $"All {_steps.Count} steps had their expected outcome, in {Stopwatch.GetElapsedTime(_start).TotalSeconds:0.0} s.")
            : string.Create(CultureInfo.InvariantCulture, $"{failed} of {_steps.Count} steps did not have their expected outcome."));
    }
}
