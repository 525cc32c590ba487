using Merlon.Keys;

namespace Merlon.Gateway.Peers;

/// <summary>The certificate that the client of this connection proved, verified once at the handshake. What it may do is asked of the snapshot on each call.</summary>
internal sealed record PeerIdentity(VerifiedSvid Svid);
