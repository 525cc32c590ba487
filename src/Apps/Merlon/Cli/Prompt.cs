using System.Text;

namespace Merlon.App.Cli;

/// <summary>Asks the person at the terminal. What is asked goes to standard error, so that the output stays the answer.</summary>
internal static class Prompt
{
    /// <summary>Whether somebody sits there. Answers to a command that always asks may also come through a pipe.</summary>
    public static bool IsInteractive => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    public static Task<string> CodeAsync(CancellationToken cancellationToken) => Task.FromResult(Line("Code from your authenticator: "));

    /// <summary>A line; empty at the end of the input.</summary>
    public static string Line(string question)
    {
        Console.Error.Write(question);
        var line = Console.In.ReadLine() ?? "";
        if (Console.IsInputRedirected)
            Console.Error.WriteLine();
        return line.Trim();
    }

    /// <summary>A line that is not shown while it is typed.</summary>
    public static string Secret(string question)
    {
        if (Console.IsInputRedirected)
            return Line(question);
        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return typed.ToString();
    }
}
