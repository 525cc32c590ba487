using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// Seals a stream of plaintext into an AWS Encryption SDK message (format 2, suite 0x0478, frames of 1 MiB) and hashes it in the same pass.
/// Without <see cref="CompleteAsync"/> the message stays unfinished: no reader accepts it, and <see cref="ResumeAsync"/> continues it. One caller at a time.
/// </summary>
public sealed class SealedWriter : Stream
{
    private readonly Stream _destination;
    private readonly AesGcm _cipher;
    private readonly byte[] _messageId;
    private readonly IncrementalHash _hash;
    private readonly FrameTree _tree;
    private readonly FramePipeline _pipeline;
    private readonly byte[] _sealed = new byte[Limits.FrameLength + MessageFrame.FinalOverhead];
    private FramePipeline.Frame? _frame;
    private byte[] _torn;
    private long _sequence;
    private long _length;
    private bool _completed;

    private SealedWriter(Stream destination, AesGcm cipher, byte[] messageId, ResumedMessage? resumed)
    {
        (_destination, _cipher, _messageId) = (destination, cipher, messageId);
        _hash = resumed?.Hash ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _tree = resumed?.Tree ?? new FrameTree();
        _torn = resumed?.Torn ?? [];
        _sequence = resumed?.Frames ?? 0;
        _length = _sequence * Limits.FrameLength;
        _pipeline = new FramePipeline(_hash, SealFrame);
    }

    /// <summary>Begins a message and writes its header.</summary>
    /// <param name="destination">Takes the message; stays open.</param>
    /// <param name="dataKey">32 bytes, used for this message alone.</param>
    /// <param name="slotId">Names the slot in which the wrapped data key lies; 1 to 256 bytes.</param>
    public static SealedWriter Create(Stream destination, ReadOnlySpan<byte> dataKey, ReadOnlySpan<byte> slotId)
    {
        var (header, cipher) = MessageHeader.Create(dataKey, slotId);
        destination.Write(header.Body);
        destination.Write(header.Tag);
        return new SealedWriter(destination, cipher, header.MessageId, null);
    }

    /// <summary>
    /// Continues an unfinished message: verifies its whole frames, restores the hash, and returns the writer with the plaintext offset from which the
    /// caller goes on. A torn last frame is written again and must get the same content: other content would reuse a nonce and is refused.
    /// </summary>
    /// <param name="destination">The unfinished message; readable, seekable and writable.</param>
    /// <param name="dataKey">The key with which it was begun.</param>
    /// <param name="cancellationToken">Stops the verification; the file is unchanged then.</param>
    /// <exception cref="InvalidDataException">The message is damaged, finished, or sealed with another key.</exception>
    public static async Task<(SealedWriter Writer, long Offset)> ResumeAsync(Stream destination, ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken = default)
    {
        destination.Position = 0;
        var header = MessageHeader.Parse(destination);
        if (header.FrameLength != Limits.FrameLength)
            throw MessageHeader.Malformed($"its frame length is not {Limits.FrameLength}, so Merlon did not write it");
        var cipher = header.Unlock(dataKey.Span);
        try
        {
            var resumed = await ResumedMessage.ReadAsync(destination, header, cipher, cancellationToken);
            return (new SealedWriter(destination, cipher, header.MessageId, resumed), resumed.Frames * Limits.FrameLength);
        }
        catch
        {
            cipher.Dispose();
            throw;
        }
    }

    /// <summary>Plaintext bytes taken so far.</summary>
    public override long Position { get => _length; set => throw new NotSupportedException(); }
    public override long Length => _length;
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => !_completed;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        while (!buffer.IsEmpty)
        {
            _frame ??= await _pipeline.RentAsync(cancellationToken);
            var count = Math.Min(buffer.Length, Limits.FrameLength - _frame.Length);
            buffer.Span[..count].CopyTo(_frame.Buffer.AsSpan(_frame.Length));
            _frame.Length += count;
            _length += count;
            buffer = buffer[count..];
            if (_frame.Length == Limits.FrameLength)
                PostFrame(final: false);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

    public override void Write(byte[] buffer, int offset, int count)
    {
        var pending = WriteAsync(buffer.AsMemory(offset, count), CancellationToken.None);
        if (pending.IsCompletedSuccessfully)
            return;
        // The pipeline's tasks need no context of ours, so waiting cannot deadlock.
        pending.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Writes the final frame and waits for everything to be in <paramref name="cancellationToken"/>'s destination (not synced to disk).</summary>
    public async Task<SealInfo> CompleteAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        _frame ??= await _pipeline.RentAsync(cancellationToken);
        _completed = true;
        PostFrame(final: true);
        await _pipeline.CompleteAsync();
        if (_destination.CanSeek && _destination.Length > _destination.Position)
            _destination.SetLength(_destination.Position);
        return new SealInfo(new Digest(_messageId), _length, _tree.Root(_messageId, _length), new Digest(_hash.GetHashAndReset()));
    }

    private void PostFrame(bool final)
    {
        _frame!.IsFinal = final;
        _pipeline.Post(_frame);
        _frame = null;
    }

    private void SealFrame(FramePipeline.Frame frame)
    {
        if (++_sequence > Limits.MaxFrames)
            throw new InvalidDataException("A sealed message cannot be longer than 2^32 − 1 frames.");
        var size = MessageFrame.Seal(_cipher, _messageId, (uint)_sequence, frame.IsFinal, frame.Buffer.AsSpan(0, frame.Length), _sealed);
        if (_torn.Length > 0)
            RequireSameContent(frame, size);
        _tree.Add(_sealed.AsSpan(size - BoxAgreement.TagSize, BoxAgreement.TagSize));
        _destination.Write(_sealed, 0, size);
    }

    /// <summary>Same nonce, so the same plaintext must give the same ciphertext as far as the torn frame reached.</summary>
    private void RequireSameContent(FramePipeline.Frame frame, int size)
    {
        var ciphertext = _sealed.AsSpan(frame.IsFinal ? MessageFrame.FinalPrefix : MessageFrame.RegularPrefix, frame.Length);
        var torn = _torn.AsSpan();
        if (torn.Length > ciphertext.Length || !ciphertext.StartsWith(torn))
            throw new InvalidDataException("The resumed upload differs from the bytes that were sent before it broke off; start it again under a new data key.");
        _torn = [];
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _completed = true;
            _pipeline.Dispose();
            _pipeline.Drain();
            _cipher.Dispose();
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }

    public override void Flush()
    {
        // Frames leave when they are full; a shorter one would end the message.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
