using System.Collections.Concurrent;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Ledger;

namespace Merlon.App.Roles.Control;

/// <summary>Control reads every role's log, with the keys that it alone has.</summary>
internal sealed class AuditLogs(RoleStart start, Keyring keyring, ControlKeys keys) : IDisposable
{
    private readonly ConcurrentDictionary<string, LedgerReader> _readers = new(StringComparer.Ordinal);

    public static readonly IReadOnlyList<string> Roles = ["control", "gateway", "node"];

    public async Task<Result<LedgerReader>> OpenAsync(string role)
    {
        if (!Roles.Contains(role, StringComparer.Ordinal))
            return new Refusal(RefusalKind.NotFound, "audit.unknown-log", $"There is no log '{Text.Printable(role, 20)}'.") { Remedy = $"Logs: {string.Join(", ", Roles)}." };
        if (!_readers.TryGetValue(role, out var reader))
        {
            var key = await KeyAsync(role);
            reader = _readers.GetOrAdd(role, _ => LedgerReader.Open(
                start.Ledger(role), new LedgerKeys { Organisation = _ => Private(Scope.Default, KeyNames.Events), Subject = (organisation, subject) => Private(SubjectKeys.ScopeOf(organisation), SubjectKeys.NameOf(subject)) }, key));
        }
        reader.Refresh();
        return reader;
    }

    /// <summary>The public key of a log, in the text form that verifiers take.</summary>
    public async Task<NoteKey> KeyAsync(string role) => new(start.Origin(role), await keys.PublicLedgerKeyAsync(role));

    private ReadingKey Private(Scope scope, string name)
    {
        // The reader asks once per key; the keyring answers from the local database.
        var found = Task.Run(() => keyring.PrivateKeyAsync(scope, name)).GetAwaiter().GetResult();
        return found.Try(out var key, out var refusal) ? new ReadingKey(key, false) : refusal.Code == "key.shredded" ? ReadingKey.Erased : ReadingKey.None;
    }

    public void Dispose()
    {
        foreach (var reader in _readers.Values)
            reader.Dispose();
    }
}
