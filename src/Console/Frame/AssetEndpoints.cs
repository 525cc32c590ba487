using System.Collections.Frozen;
using System.IO.Compression;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Merlon.WebConsole.Frame;

/// <summary>Styles, scripts and pictures. Their names carry their digest, so browsers keep them for good; each is compressed once.</summary>
internal static class AssetEndpoints
{
    private const string Prefix = "assets/";

    private sealed record Asset(string Path, string Type, byte[] Plain, byte[] Brotli, byte[] Gzip);

    private static readonly Lazy<FrozenDictionary<string, Asset>> s_assets = new(() => typeof(AssetEndpoints).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(Read).ToFrozenDictionary(a => a.Path, StringComparer.Ordinal));

    private static readonly Lazy<FrozenDictionary<string, string>> s_names = new(() => typeof(AssetEndpoints).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(n => n[Prefix.Length..], n => Read(n).Path, StringComparer.Ordinal));

    /// <summary>The address of an asset, as pages write it.</summary>
    public static string Of(string name) => "/assets/" + s_names.Value[name];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/assets/{name}", Serve).AllowAnyone("styles and scripts are the same for everyone and say nothing");

    private static IResult Serve(string name, HttpContext context)
    {
        if (!s_assets.Value.TryGetValue(name, out var asset))
            return new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address.").ToProblem();
        var headers = context.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.XContentTypeOptions = "nosniff";
        headers.Vary = "Accept-Encoding";
        var accepted = context.Request.Headers.AcceptEncoding.ToString();
        var (body, encoding) = accepted.Contains("br", StringComparison.Ordinal) ? (asset.Brotli, "br") : accepted.Contains("gzip", StringComparison.Ordinal) ? (asset.Gzip, "gzip") : (asset.Plain, "");
        if (encoding.Length > 0)
            headers.ContentEncoding = encoding;
        return Results.Bytes(body, asset.Type);
    }

    private static Asset Read(string resource)
    {
        using var stream = typeof(AssetEndpoints).Assembly.GetManifestResourceStream(resource)!;
        var plain = new byte[stream.Length];
        stream.ReadExactly(plain);
        var name = resource[Prefix.Length..];
        var dot = name.LastIndexOf('.');
        var type = name[dot..] switch { ".css" => "text/css; charset=utf-8", ".js" => "text/javascript; charset=utf-8", _ => "image/svg+xml" };
        return new Asset($"{name[..dot]}.{Digest.Of(plain).Short}{name[dot..]}", type, plain, Pack(plain, s => new BrotliStream(s, CompressionLevel.SmallestSize)), Pack(plain, s => new GZipStream(s, CompressionLevel.SmallestSize)));
    }

    private static byte[] Pack(byte[] plain, Func<Stream, Stream> pack)
    {
        using var packed = new MemoryStream();
        using (var stream = pack(packed))
            stream.Write(plain);
        return packed.ToArray();
    }
}
