using System.Security.Cryptography;

namespace Merlon.Keys.Tests;

public sealed class SealedMessageTests
{
    private const int Frame = 1 << 20;
    private static readonly byte[] s_slot = "object:1"u8.ToArray();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frame - 1)]
    [InlineData(Frame)]
    [InlineData(Frame + 1)]
    [InlineData(3 * Frame)]
    [InlineData(3 * Frame + 12345)]
    public async Task Open_WhatWasSealed_ReadsTheSameAtAnyPlace(int length)
    {
        var plaintext = Content(length);
        var (message, info) = await SealAsync(plaintext);
        Assert.Equal(Digest.Of(plaintext), info.Sha256);
        Assert.Equal(length, info.Length);
        Assert.Equal(s_slot, SealedReader.ReadSlotId(new MemoryStream(message)));
        using var reader = SealedReader.Open(new MemoryStream(message), _key, info);
        var all = new byte[length];
        reader.ReadExactly(all);
        Assert.Equal(plaintext, all);
        Assert.Equal(0, reader.Read(new byte[1]));
        var random = new Random(length);
        for (var i = 0; i < 20 && length > 0; i++)
        {
            var offset = random.Next(length);
            var piece = new byte[Math.Min(5000, length - offset)];
            reader.Position = offset;
            reader.ReadExactly(piece);
            Assert.True(piece.AsSpan().SequenceEqual(plaintext.AsSpan(offset, piece.Length)));
        }
    }

    [Fact]
    public async Task Open_AnyByteChanged_IsFound()
    {
        var plaintext = Content(2 * Frame + 100);
        var (message, info) = await SealAsync(plaintext);
        var random = new Random(1);
        // Every byte of the header, the ends of every frame, and a sample of the rest.
        var header = message.Length - 2 * (Frame + 32) - 40 - 100;
        var places = Enumerable.Range(0, header)
            .Concat(Enumerable.Range(0, 3).SelectMany(f => Enumerable.Range(header + f * (Frame + 32), 24)))
            .Concat(Enumerable.Range(message.Length - 140, 140))
            .Concat(Enumerable.Range(0, 50).Select(_ => random.Next(message.Length)));
        foreach (var place in places)
        {
            message[place] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => ReadAll(message, info));
            message[place] ^= 0x10;
        }
        Assert.Equal(plaintext, ReadAll(message, info));
    }

    [Fact]
    public async Task Open_CutShortExtendedSwappedOrRolledBack_IsFound()
    {
        var (message, info) = await SealAsync(Content(2 * Frame + 100));
        var (other, otherInfo) = await SealAsync(Content(2 * Frame + 100));
        foreach (var length in new[] { 0, 1, 50, 200, Frame, message.Length - 1, message.Length - 140, message.Length - 140 - Frame - 32 })
            Assert.Throws<InvalidDataException>(() => ReadAll(message[..length], info));
        Assert.Throws<InvalidDataException>(() => ReadAll([.. message, 0], info));
        Assert.Throws<InvalidDataException>(() => ReadAll(other, info));
        Assert.Throws<InvalidDataException>(() => ReadAll(message, otherInfo with { MessageId = info.MessageId }));
        Assert.Throws<InvalidDataException>(() => SealedReader.Open(new MemoryStream(message), RandomNumberGenerator.GetBytes(32), info));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(1000)]
    [InlineData(Frame + 31)]
    [InlineData(Frame + 32)]
    [InlineData(Frame + 500)]
    public async Task ResumeAsync_BrokenOffAnywhere_GivesTheSameContent(int kept)
    {
        var plaintext = Content(2 * Frame + 500);
        var whole = new MemoryStream();
        using (var writer = SealedWriter.Create(whole, _key, s_slot))
        {
            await writer.WriteAsync(plaintext);
            await writer.CompleteAsync();
        }
        var header = (int)whole.Length - 2 * (Frame + 32) - 540;
        var file = new MemoryStream();
        file.Write(whole.ToArray().AsSpan(0, header + kept));
        var (resumed, offset) = await SealedWriter.ResumeAsync(file, _key);
        Assert.Equal(kept / (Frame + 32) * Frame, offset);
        await resumed.WriteAsync(plaintext.AsMemory((int)offset));
        var info = await resumed.CompleteAsync();
        resumed.Dispose();
        Assert.Equal(Digest.Of(plaintext), info.Sha256);
        Assert.Equal(plaintext, ReadAll(file.ToArray(), info));
    }

    [Fact]
    public async Task ResumeAsync_OtherContentAfterTornFrame_IsRefused()
    {
        var whole = new MemoryStream();
        using (var writer = SealedWriter.Create(whole, _key, s_slot))
        {
            await writer.WriteAsync(Content(Frame + 10));
            await writer.CompleteAsync();
        }
        var file = new MemoryStream();
        file.Write(whole.ToArray().AsSpan(0, 5000));
        var (resumed, _) = await SealedWriter.ResumeAsync(file, _key);
        await resumed.WriteAsync(new byte[Frame + 10]);
        await Assert.ThrowsAsync<IOException>(() => resumed.CompleteAsync());
        resumed.Dispose();
    }

    [Fact]
    public async Task ResumeAsync_FinishedOrDamagedMessage_IsRefused()
    {
        var (message, _) = await SealAsync(Content(Frame + 10));
        var finished = new MemoryStream();
        finished.Write(message);
        await Assert.ThrowsAsync<InvalidDataException>(() => SealedWriter.ResumeAsync(finished, _key));
        var damaged = new MemoryStream();
        damaged.Write(message.AsSpan(0, message.Length - 50));
        damaged.GetBuffer()[400] ^= 1;
        await Assert.ThrowsAsync<InvalidDataException>(() => SealedWriter.ResumeAsync(damaged, _key));
    }

    [Fact]
    public async Task WriteAsync_DestinationFails_IsToldAndDoesNotHang()
    {
        using var writer = SealedWriter.Create(new FullStream(3 * Frame), _key, s_slot);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (var i = 0; i < 20; i++)
                await writer.WriteAsync(new byte[Frame]);
            await writer.CompleteAsync();
        });
    }

    [Fact]
    public void Create_SlotIdAtAndOverItsBound_IsTakenAndRefused()
    {
        var message = new MemoryStream();
        using (SealedWriter.Create(message, _key, new byte[Limits.MaxSlotId]))
            Assert.Equal(Limits.MaxSlotId, SealedReader.ReadSlotId(message).Length);
        Assert.Throws<ArgumentException>(() => SealedWriter.Create(message, _key, new byte[Limits.MaxSlotId + 1]));
        Assert.Throws<ArgumentException>(() => SealedWriter.Create(message, _key, []));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData((uint)Limits.FrameLength + 1)]
    [InlineData(uint.MaxValue)]
    public async Task ReadSlotId_FrameLengthOutOfBounds_IsRefused(uint frameLength)
    {
        var (message, _) = await SealAsync([]);
        // Behind the header's fixed part, three fields and the content type.
        var place = 3 + 32 + 4 + (2 + 6) + (2 + s_slot.Length) + (2 + 4) + 1;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(place), frameLength);
        Assert.Contains("frame length", Assert.Throws<InvalidDataException>(() => SealedReader.ReadSlotId(new MemoryStream(message))).Message, StringComparison.Ordinal);
    }

    private async Task<(byte[] Message, SealInfo Info)> SealAsync(byte[] plaintext)
    {
        var message = new MemoryStream();
        using var writer = SealedWriter.Create(message, _key, s_slot);
        // In odd pieces, as a network would deliver it.
        for (var i = 0; i < plaintext.Length; i += 77_777)
            await writer.WriteAsync(plaintext.AsMemory(i, Math.Min(77_777, plaintext.Length - i)));
        var info = await writer.CompleteAsync();
        return (message.ToArray(), info);
    }

    private byte[] ReadAll(byte[] message, SealInfo info)
    {
        using var reader = SealedReader.Open(new MemoryStream(message), _key, info);
        var plaintext = new byte[reader.Length];
        reader.ReadExactly(plaintext);
        return plaintext;
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private sealed class FullStream(int capacity) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > capacity)
                throw new IOException("No space left on device.");
            base.Write(buffer, offset, count);
        }
    }
}
