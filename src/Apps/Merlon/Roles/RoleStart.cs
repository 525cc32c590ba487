using System.Text.Json;
using Merlon.Ledger;

namespace Merlon.App.Roles;

/// <summary>
/// What a role is told at start, as one line of JSON on its standard input: never on the command line or in the environment, where others could read it.
/// The line stays the only one; when the input ends, the parent has died and the role stops.
/// </summary>
internal sealed record RoleStart
{
    public required string Role { get; init; }
    public required Guid Instance { get; init; }
    public required string DataDirectory { get; init; }
    public required string RunDirectory { get; init; }
    public required string CacheDirectory { get; init; }
    public required string ProgramDirectory { get; init; }
    public required string DotnetRoot { get; init; }
    public required string Listen { get; init; }
    public required int Port { get; init; }
    public IReadOnlyList<string> HostNames { get; init; } = [];
    public IReadOnlyList<string> CheckpointSinks { get; init; } = [];
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);
    public string Sandbox { get; init; } = "auto";
    public bool Recover { get; init; }
    public int SecondPersonDays { get; init; } = 30;

    /// <summary>Control: the tokens of the other roles by name. Others: their own, under their name.</summary>
    public required IReadOnlyDictionary<string, string> Tokens { get; init; }

    /// <summary>The root key (32 bytes). Control only.</summary>
    public byte[]? RootKey { get; init; }

    public string ControlSocket => Path.Combine(RunDirectory, "control", "control.sock");
    public string WorkerSockets => Path.Combine(RunDirectory, "workers");
    public string Ledger(string role) => Path.Combine(DataDirectory, "ledger", role);
    /// <summary>How this role's own log is opened.</summary>
    public LedgerOptions LedgerOptions(ReadOnlyMemory<byte> seed, Func<Guid, ReadOnlyMemory<byte>> eventKeys) => new()
    {
        Directory = Ledger(Role),
        Origin = Origin(Role),
        SigningSeed = seed,
        EventKeys = eventKeys,
        Service = Role,
        CheckpointSinks = [.. CheckpointSinks.Select(sink => new Uri(sink))],
        Report = message => Console.Error.WriteLine($"merlon {Role}: {message}"),
        CheckpointInterval = CheckpointInterval,
    };

    public string Origin(string role) => $"merlon.local/{Instance:n}/{role}";

    public static RoleStart Read()
    {
        var line = Console.In.ReadLine() ?? throw new InvalidOperationException("A role is started by 'merlon up', not by hand.");
        return JsonSerializer.Deserialize<RoleStart>(line) ?? throw new InvalidOperationException("The start line is empty.");
    }

    // Keeps keys and tokens out of whatever prints the record.
    public override string ToString() => $"start of {Role}";
}

/// <summary>What a role tells its parent once it is ready, as one line on its standard output.</summary>
internal sealed record RoleReady(int Port, string? BootstrapCode, IReadOnlyList<string> Notes, string? CaPem = null)
{
    public const string Mark = "MERLON-READY ";
}
