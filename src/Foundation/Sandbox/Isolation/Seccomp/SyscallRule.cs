using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Merlon.Sandbox.Isolation.Seccomp;

/// <summary>One line of the profile. A call is allowed when it meets the condition, or refused with <see cref="Errno"/> when that is set.</summary>
/// <param name="Values">The argument is one of these; empty: any.</param>
/// <param name="Mask">The argument has these bits; 0: any.</param>
internal sealed record SyscallRule(string Name, int Number, int Argument, ImmutableArray<uint> Values, uint Mask, int Errno)
{
    /// <summary>The profile for the running processor.</summary>
    public static ImmutableArray<SyscallRule> Load()
    {
        using var stream = typeof(SyscallRule).Assembly.GetManifestResourceStream("syscalls.txt")!;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd(), RuntimeInformation.ProcessArchitecture);
    }

    public static ImmutableArray<SyscallRule> Parse(string text, Architecture architecture)
    {
        var column = architecture switch
        {
            Architecture.X64 => 1,
            Architecture.Arm64 => 2,
            _ => throw new PlatformNotSupportedException($"There is no system call profile for {architecture}."),
        };
        var rules = ImmutableArray.CreateBuilder<SyscallRule>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.StartsWith('#') || fields[column] == "-")
                continue;
            var rule = new SyscallRule(fields[0], int.Parse(fields[column], CultureInfo.InvariantCulture), 0, [], 0, 0);
            rules.Add(fields.Length > 3 ? rule.With(fields[3]) : rule);
        }
        return rules.ToImmutable();
    }

    private SyscallRule With(string condition)
    {
        if (condition.StartsWith("errno=", StringComparison.Ordinal))
            return this with { Errno = (int)ParseNumber(condition["errno=".Length..]) };
        var argument = condition[0] - '0';
        return condition[1] switch
        {
            '=' => this with { Argument = argument, Values = [.. condition[2..].Split('|').Select(ParseNumber)] },
            '&' => this with { Argument = argument, Mask = ParseNumber(condition[2..]) },
            _ => throw new FormatException($"The condition '{condition}' of {Name} is not understood."),
        };
    }

    private static uint ParseNumber(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? uint.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : uint.Parse(text, CultureInfo.InvariantCulture);
}
