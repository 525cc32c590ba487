namespace Merlon.Keys.Tests;

public sealed class SealedBoxTests
{
    private readonly P256KeyPair _pair = P256KeyPair.Generate();

    [Fact]
    public void Open_WhatWasSealed_GivesThePlaintext()
    {
        var message = SealedBox.Seal(_pair.PublicKey.Span, "test", "secret"u8, "bound"u8);
        Assert.Equal("secret"u8.ToArray(), SealedBox.Open(_pair.PrivateKey.Span, "test", message, "bound"u8));
    }

    [Fact]
    public void Open_AnythingElse_IsRefused()
    {
        var message = SealedBox.Seal(_pair.PublicKey.Span, "test", "secret"u8, "bound"u8);
        using var other = P256KeyPair.Generate();
        Assert.Throws<InvalidDataException>(() => SealedBox.Open(other.PrivateKey.Span, "test", message, "bound"u8));
        Assert.Throws<InvalidDataException>(() => SealedBox.Open(_pair.PrivateKey.Span, "tost", message, "bound"u8));
        Assert.Throws<InvalidDataException>(() => SealedBox.Open(_pair.PrivateKey.Span, "test", message));
        for (var i = 0; i < message.Length; i++)
        {
            var changed = (byte[])message.Clone();
            changed[i] ^= 1;
            Assert.Throws<InvalidDataException>(() => SealedBox.Open(_pair.PrivateKey.Span, "test", changed, "bound"u8));
            Assert.Throws<InvalidDataException>(() => SealedBox.Open(_pair.PrivateKey.Span, "test", message.AsSpan(0, i), "bound"u8));
        }
    }

    [Fact]
    public void Seal_CachedSender_EachMessageOpensUnderItsOwnCounterOnly()
    {
        using var sender = new SealedBoxSender(_pair.PublicKey.Span, "segment");
        using var receiver = new SealedBoxReceiver(_pair.PrivateKey.Span, sender.Ephemeral.Span, "segment");
        var (first, second, plaintext) = (new byte[3 + 16], new byte[3 + 16], new byte[3]);
        Assert.Equal(0ul, sender.Seal([1, 2, 3], [], first));
        Assert.Equal(1ul, sender.Seal([1, 2, 3], [], second));
        Assert.NotEqual(first, second);
        Assert.True(receiver.TryOpen(1, second, [], plaintext));
        Assert.False(receiver.TryOpen(0, second, [], plaintext));
    }
}
