using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Tests.Contracts;

public sealed class SignedDocumentTests : IDisposable
{
    private const string Type = "application/vnd.example+yaml";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _other = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
    }

    private static TrustedKey Trust(ECDsa key, string name = "k") => new(name, key.ExportSubjectPublicKeyInfoPem());

    private byte[] Signed() => SignedDocument.Sign(Type, "a: 1\n"u8, _key).Value;

    private string Code(byte[] envelope, params TrustedKey[] keys) => SignedDocument.Open(envelope, Type, keys).Try(out _, out var refusal) ? "" : refusal.Code;

    [Fact]
    public void Open_WhatWasSigned_GivesItBackWithItsSigner()
    {
        var opened = SignedDocument.Open(Signed(), Type, [Trust(_other), Trust(_key, "mine")]).Value;
        Assert.Equal(("a: 1\n", "mine"), (Encoding.UTF8.GetString(opened.Payload.Span), opened.KeyName));
        Assert.Equal("", Code(SignedDocument.Sign(Type, "a: 1\n"u8, _other).Value, Trust(_other)));
    }

    [Fact]
    public void Open_AnotherKeyTypeOrContent_IsRefusedByName()
    {
        Assert.Equal("signature.untrusted", Code(Signed(), Trust(_other)));
        Assert.Equal("signature.no-keys", Code(Signed()));
        Assert.Equal("signature.key", Code(Signed(), new TrustedKey("k", "no key")));
        Assert.Equal("signature.payload-type", SignedDocument.Open(Signed(), "application/other", [Trust(_key)]).Refusal.Code);
        Assert.Equal("signature.untrusted", Code(Change(json => json["payload"] = Convert.ToBase64String("a: 2\n"u8)), Trust(_key)));
        // The type is signed too: an envelope of another type does not become one of this type by its label.
        var relabelled = JsonNode.Parse(SignedDocument.Sign("application/other", "a: 1\n"u8, _key).Value)!;
        relabelled["payloadType"] = Type;
        Assert.Equal("signature.untrusted", Code(Encoding.UTF8.GetBytes(relabelled.ToJsonString()), Trust(_key)));
    }

    [Fact]
    public void Open_Malformed_IsRefused()
    {
        var text = Encoding.UTF8.GetString(Signed());
        byte[][] malformed =
        [
            [], "a: 1\n"u8.ToArray(), "[]"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray(),
            Change(json => json["more"] = 1), Change(json => json.Remove("signatures")), Change(json => json["signatures"] = new JsonArray()),
            Change(json => json["signatures"]!.AsArray().Add(json["signatures"]![0]!.DeepClone())), Change(json => json["signatures"]![0]!["more"] = 1),
            Change(json => json["payload"] = "%"), Change(json => json["payload"] = 1), Change(json => json["payloadType"] = 1), Change(json => json["signatures"]![0]!["sig"] = Convert.ToBase64String(new byte[300])),
            Encoding.UTF8.GetBytes(text.Replace("\"payload\":", "\"payload\": \"\", \"payload\":", StringComparison.Ordinal)),
            Encoding.UTF8.GetBytes(text + "x"), Encoding.UTF8.GetBytes(text.PadRight(1024 * 1024 + 1)),
        ];
        Assert.All(malformed, envelope => Assert.Equal("signature.envelope", Code(envelope, Trust(_key))));
        Assert.Equal("", Code(Encoding.UTF8.GetBytes(text.PadRight(1024 * 1024)), Trust(_key)));
    }

    private byte[] Change(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(Signed())!.AsObject();
        change(json);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
