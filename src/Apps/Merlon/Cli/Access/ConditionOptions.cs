using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>The options that say when and from where a binding holds.</summary>
internal sealed class ConditionOptions
{
    private readonly Option<DateTimeOffset?> _from = new("--from") { Description = "Holds from this time on, as 2026-05-01T08:00:00Z" };
    private readonly Option<DateTimeOffset?> _until = new("--until") { Description = "Holds before this time" };
    private readonly Option<string?> _hours = new("--hours") { Description = "Holds in these hours of the day, UTC, as 08:00-18:00" };
    private readonly Option<string[]> _networks = new("--network") { Description = "Holds from this network, as 10.0.0.0/8; repeat it" };
    private readonly Option<string[]> _environments = new("--env") { Description = "Holds for this environment; repeat it" };
    private readonly Option<string?> _mfa = new("--mfa-within") { Description = "Holds while the last second factor is younger than this, as 5m" };
    private readonly Option<string[]> _regions = new("--region") { Description = "Holds for data of this region; repeat it" };

    public Symbol[] All => [_from, _until, _hours, _networks, _environments, _mfa, _regions];

    /// <summary>Null when none was given.</summary>
    public object? Read(ParseResult result)
    {
        var mfa = result.GetValue(_mfa) is { } text ? KeyCommand.ParseLife(text) : (int?)null;
        var (networks, environments, regions) = (result.GetValue(_networks) ?? [], result.GetValue(_environments) ?? [], result.GetValue(_regions) ?? []);
        var (from, until, hours) = (result.GetValue(_from), result.GetValue(_until), result.GetValue(_hours));
        return from is null && until is null && hours is null && mfa is null && networks.Length + environments.Length + regions.Length == 0
            ? null
            : new { notBefore = from, notAfter = until, hours, networks, environments, maxMfaAgeSeconds = mfa, regions };
    }
}
