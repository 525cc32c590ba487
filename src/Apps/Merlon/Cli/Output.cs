using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Merlon.App.Cli;

/// <summary>How the program speaks to people: short, aligned, with colour only where a terminal shows it.</summary>
internal static class Output
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Plain text when the output is not a terminal: what a script reads holds no colour codes and is not cut to a screen's width.</summary>
    private static readonly IAnsiConsole s_console = Console.IsOutputRedirected
        ? Plain()
        : AnsiConsole.Create(new AnsiConsoleSettings());

    private static IAnsiConsole Plain()
    {
        const int width = 240;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = width;
        return console;
    }

    public static void Json(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(s_indented));

    public static void Line(string text = "") => Console.Out.WriteLine(text);

    public static void Markup(string markup) => s_console.MarkupLine(markup);

    public static string Escape(string? text) => Spectre.Console.Markup.Escape(Kernel.Text.Printable(text, 2000));

    public static void Error(string message, string? remedy)
    {
        Console.Error.WriteLine("merlon: " + message);
        if (remedy is not null)
            Console.Error.WriteLine("        " + remedy);
    }

    /// <summary>A table without frames; cells are plain text.</summary>
    public static void Table(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().NoBorder().Collapse();
        foreach (var column in columns)
            table.AddColumn(new TableColumn($"[bold]{Escape(column)}[/]").NoWrap().PadLeft(0).PadRight(2));
        foreach (var row in rows)
            table.AddRow(row.Select(Escape).ToArray());
        s_console.Write(table);
    }

    /// <summary>A table whose cells are markup; the caller has escaped them.</summary>
    public static void MarkupTable(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().NoBorder();
        foreach (var column in columns)
            table.AddColumn(new TableColumn($"[bold]{Escape(column)}[/]").PadLeft(0).PadRight(2));
        foreach (var row in rows)
            table.AddRow(row);
        s_console.Write(table);
    }

    public static string Verdict(string? verdict) => verdict switch
    {
        "pass" => "[green]pass[/]",
        "warn" => "[yellow]warn[/]",
        "block" => "[red]block[/]",
        _ => Escape(verdict),
    };

    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        var unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    /// <summary>The text at a path of properties, or an empty string.</summary>
    public static string Get(this JsonNode? node, string property) => node?[property] switch
    {
        null => "",
        JsonValue value => value.ToString(),
        var other => other.ToJsonString(),
    };

    public static string ShortDigest(string digest)
    {
        var hex = digest.StartsWith("sha256:", StringComparison.Ordinal) ? digest[7..] : digest;
        return hex.Length > 12 ? hex[..12] : hex;
    }

    public static string Time(string iso) =>
        DateTimeOffset.TryParse(iso, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : iso;
}
