using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Merlon.App.Cli;
using Merlon.App.Roles;
using Merlon.Keys;

namespace Merlon.App.Up;

/// <summary>Starts the three roles, each its own process and user, keeps them running, and stops them cleanly.</summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private const UnixFileMode Closed = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode GroupPasses = Closed | UnixFileMode.GroupExecute;
    private const UnixFileMode Passable = GroupPasses | UnixFileMode.OtherExecute;

    private readonly DataDirectory _data;
    private readonly List<RoleLog> _logs = [];
    private readonly Dictionary<string, RoleProcess> _roles = new(StringComparer.Ordinal);

    private Supervisor(DataDirectory data) => _data = data;

    public required RoleReady Control { get; init; }
    public int ControlPort => Control.Port;
    public int GatewayPort { get; private set; }
    public IReadOnlyList<string> Notes { get; private set; } = [];
    public DataDirectory Data => _data;

    public int ProcessIdOf(string role) => _roles[role].ProcessId;

    /// <summary>Brings an installation up. Returns when all three roles are ready.</summary>
    /// <exception cref="CliException">It cannot be started; the message says why.</exception>
    public static async Task<Supervisor> StartAsync(UpOptions options, Action<string> tell, TimeProvider time, CancellationToken cancellationToken)
    {
        RefuseSharedFolders(options);
        var data = DataDirectory.Open(options.DataDirectory, time);
        var logs = new List<RoleLog>();
        var roles = new Dictionary<string, RoleProcess>(StringComparer.Ordinal);
        try
        {
            using var rootKey = OpenRootKey(options, data);
            var program = ProgramStage.Prepare(options.CacheDirectory);
            MakeRunFolders(options.RunDirectory);
            var starts = Starts(options, data, program, rootKey);

            async Task<RoleReady> Begin(string role, int user)
            {
                var log = new RoleLog(data.Logs, role);
                logs.Add(log);
                roles[role] = new RoleProcess(starts[role], program, user, log, tell, time);
                return await roles[role].StartAsync(cancellationToken);
            }

            var control = await Begin("control", RoleUsers.Control);
            PublishCa(data, control.CaPem);
            var others = await Task.WhenAll(Begin("node", 0), Begin("gateway", RoleUsers.Gateway));
            var supervisor = new Supervisor(data)
            {
                Control = control,
                GatewayPort = others[1].Port,
                Notes = [.. control.Notes, .. others[0].Notes, .. others[1].Notes],
            };
            supervisor._logs.AddRange(logs);
            foreach (var (name, role) in roles)
                supervisor._roles.Add(name, role);
            return supervisor;
        }
        catch
        {
            foreach (var role in roles.Values)
                await role.DisposeAsync();
            logs.ForEach(log => log.Dispose());
            data.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the CA where everyone may read it. Root does not read a file of control for that (control could put a link there), and writes nothing but a
    /// certificate.
    /// </summary>
    private static void PublishCa(DataDirectory data, string? pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem ?? throw CliException.Refused("Control did not name its CA."));
        var temporary = data.CaFile + ".new";
        File.WriteAllText(temporary, certificate.ExportCertificatePem() + "\n");
        File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(temporary, data.CaFile, overwrite: true);
    }

    // A root key beside the data would be stolen with it.
    private static void RefuseSharedFolders(UpOptions options)
    {
        var folder = options.DataDirectory.TrimEnd('/') + "/";
        if (options.RootKeyFile.StartsWith(folder, StringComparison.Ordinal))
            throw CliException.Refused("The root key must not lie in the data folder: whoever copies the data would have the key.", "Name another place: --root-key FILE");
    }

    private static RootKey OpenRootKey(UpOptions options, DataDirectory data)
    {
        if (!File.Exists(options.RootKeyFile))
        {
            if (File.Exists(data.Database))
                throw CliException.Refused(
                    $"The root key {options.RootKeyFile} is missing, and without it the data in {data.Path} cannot be opened.",
                    "Put the key file back, or name it: --root-key FILE");
            Directory.CreateDirectory(Path.GetDirectoryName(options.RootKeyFile)!);
            if (RootKey.CreateFile(options.RootKeyFile).Try(out var made, out _))
                made.Dispose();
        }
        return RootKey.LoadFile(options.RootKeyFile).Try(out var key, out var refusal) ? key : throw CliException.Refused(refusal.Detail, refusal.Remedy);
    }

    private static void MakeRunFolders(string run)
    {
        Make(run, 0, 0, Passable);
        Make(Path.Combine(run, "control"), RoleUsers.Control, RoleUsers.Gateway, GroupPasses);
        Make(Path.Combine(run, "workers"), 0, RoleUsers.Gateway, GroupPasses);

        static void Make(string folder, int user, int group, UnixFileMode mode)
        {
            Directory.CreateDirectory(folder);
            RoleUsers.Give(folder, user, group, mode);
        }
    }

    private static Dictionary<string, RoleStart> Starts(UpOptions options, DataDirectory data, ProgramStage program, RootKey rootKey)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal) { ["node"] = NewToken(), ["gateway"] = NewToken() };
        RoleStart For(string role, int port) => new()
        {
            Role = role,
            Instance = data.Instance,
            DataDirectory = data.Path,
            RunDirectory = options.RunDirectory,
            CacheDirectory = options.CacheDirectory,
            ProgramDirectory = program.ProgramDirectory,
            DotnetRoot = program.DotnetRoot,
            Listen = options.Listen.ToString(),
            Port = port,
            HostNames = options.HostNames,
            CheckpointSinks = SinksFor(role, options.CheckpointSinks),
            CheckpointInterval = options.CheckpointInterval,
            Sandbox = options.Sandbox,
            Recover = options.Recover,
            SecondPersonDays = options.SecondPersonDays,
            Tokens = role == "control" ? tokens : new Dictionary<string, string>(StringComparer.Ordinal) { [role] = tokens[role] },
            RootKey = role == "control" ? rootKey.Export() : null,
        };
        return new Dictionary<string, RoleStart>(StringComparer.Ordinal)
        {
            ["control"] = For("control", options.ControlPort),
            ["node"] = For("node", 0),
            ["gateway"] = For("gateway", options.GatewayPort),
        };
    }

    /// <summary>Each role's log has a file of its own in a sink folder; addresses get all of them, told apart by their origin.</summary>
    private static List<string> SinksFor(string role, IReadOnlyList<string> sinks)
    {
        var user = role switch { "control" => RoleUsers.Control, "gateway" => RoleUsers.Gateway, _ => 0 };
        return [.. sinks.Select(sink =>
        {
            if (sink.StartsWith("http://", StringComparison.Ordinal) || sink.StartsWith("https://", StringComparison.Ordinal))
                return sink;
            var folder = Path.Combine(Path.GetFullPath(sink), role);
            Directory.CreateDirectory(folder);
            RoleUsers.Give(folder, user, user, Closed | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
            return new Uri(Path.Combine(folder, "checkpoint")).AbsoluteUri;
        })];
    }

    private static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"control {ProcessIdOf("control")}, gateway {ProcessIdOf("gateway")}, node {ProcessIdOf("node")}");

    /// <summary>Drains in the order in which nothing accepted is lost: first who takes calls, then who answers them, then who records.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var name in (string[])["gateway", "node", "control"])
        {
            if (_roles.Remove(name, out var role))
                await role.DisposeAsync();
        }
        _logs.ForEach(log => log.Dispose());
        _data.Dispose();
    }
}
