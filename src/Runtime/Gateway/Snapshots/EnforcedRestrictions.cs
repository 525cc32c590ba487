using System.Net;
using Merlon.Serving.Contracts;

namespace Merlon.Gateway.Snapshots;

/// <summary>An endpoint's restrictions, read once and asked on each call without allocating.</summary>
internal sealed class EnforcedRestrictions
{
    private readonly IPNetwork[] _networks;
    private readonly TimeOnly _from, _until;
    private readonly bool _hasHours;

    /// <param name="restrictions">Restrictions that <see cref="EndpointRestrictions.Check"/> finds nothing wrong with.</param>
    public EnforcedRestrictions(EndpointRestrictions restrictions)
    {
        _networks = [.. restrictions.Networks.Select(n => IPNetwork.Parse(n))];
        RequiresCertificate = restrictions.RequiresCertificate;
        _hasHours = restrictions.Hours is { } hours && EndpointRestrictions.TryHours(hours, out _from, out _until);
    }

    public bool RequiresCertificate { get; }

    /// <summary>An address that is not known is in no network.</summary>
    public bool AllowsNetwork(IPAddress? source)
    {
        if (_networks.Length == 0)
            return true;
        if (source is null)
            return false;
        var address = source.IsIPv4MappedToIPv6 ? source.MapToIPv4() : source;
        foreach (var network in _networks)
        {
            if (network.Contains(address))
                return true;
        }
        return false;
    }

    public bool AllowsTime(DateTimeOffset now) => !_hasHours || TimeOnly.FromTimeSpan(now.UtcDateTime.TimeOfDay).IsBetween(_from, _until);
}
