namespace Merlon.Access.Sso;

/// <summary>The provider that a session here rests on.</summary>
/// <param name="Session">The provider's id of its own session (<c>sid</c>); null where it gives none.</param>
internal sealed record ProviderLink(string Provider, string? Session);
