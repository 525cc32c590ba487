using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// Reads a sealed message at any place. Before the first byte it proves: the key commitment, the header's tag, message id and length against what is
/// expected, the final frame, and the Merkle root over all frame tags. Each frame is then verified when it is read, and must carry the tag that the root
/// covers, so nothing can be exchanged after opening. Not safe for concurrent use.
/// </summary>
public sealed class SealedReader : Stream
{
    private readonly Stream _source;
    private readonly bool _leaveOpen;
    private readonly MessageHeader _header;
    private readonly AesGcm _cipher;
    private readonly MessageLayout _layout;
    private readonly byte[] _tags;
    private readonly byte[] _frame;
    private readonly byte[] _plaintext;
    private long _loaded = -1;
    private long _position;

    private SealedReader(Stream source, bool leaveOpen, MessageHeader header, AesGcm cipher, MessageLayout layout, byte[] tags)
    {
        (_source, _leaveOpen, _header, _cipher, _layout, _tags) = (source, leaveOpen, header, cipher, layout, tags);
        _frame = new byte[header.FrameLength + MessageFrame.FinalOverhead];
        _plaintext = new byte[header.FrameLength];
    }

    /// <summary>The slot id in the header, with which the data key is found. Not authentic until <see cref="Open"/>.</summary>
    /// <exception cref="InvalidDataException">Not a sealed message.</exception>
    public static byte[] ReadSlotId(Stream source)
    {
        source.Position = 0;
        return MessageHeader.Parse(source).SlotId;
    }

    /// <summary>Opens a message.</summary>
    /// <param name="source">Readable and seekable; closed with the reader unless <paramref name="leaveOpen"/>.</param>
    /// <param name="dataKey">The 32-byte data key.</param>
    /// <param name="expected">What was kept when the message was sealed. Its plaintext digest is the caller's to compare.</param>
    /// <param name="leaveOpen">Leave <paramref name="source"/> open.</param>
    /// <exception cref="InvalidDataException">It is not the expected message, or not whole.</exception>
    public static SealedReader Open(Stream source, ReadOnlySpan<byte> dataKey, SealInfo expected, bool leaveOpen = false)
    {
        source.Position = 0;
        // 1. It is a message of this form.
        return Open(source, MessageHeader.Parse(source), dataKey, expected, leaveOpen);
    }

    /// <summary>
    /// Opens a message about which nothing was kept, such as one from another program: every frame is authentic under the key, but an older message or
    /// another one under the same key would be taken too.
    /// </summary>
    public static SealedReader OpenUnpinned(Stream source, ReadOnlySpan<byte> dataKey, bool leaveOpen = false)
    {
        source.Position = 0;
        var header = MessageHeader.Parse(source);
        // The header is proved before its frame length decides how much memory the tags take.
        header.Unlock(dataKey).Dispose();
        var layout = MessageLayout.Of(header, source.Length);
        return Open(source, header, dataKey, new SealInfo(new Digest(header.MessageId), layout.Length, layout.Root(header, layout.ReadTags(source)), default), leaveOpen);
    }

    private static SealedReader Open(Stream source, MessageHeader header, ReadOnlySpan<byte> dataKey, SealInfo expected, bool leaveOpen)
    {
        // 2. It is the one that is expected.
        if (!CryptographicOperations.FixedTimeEquals(header.MessageId, expected.MessageId.ToArray()))
            throw new InvalidDataException("The sealed message is another one than expected: its message id differs.");
        // 3. This key made it.
        var cipher = header.Unlock(dataKey);
        try
        {
            // 4. It is whole.
            var layout = MessageLayout.Of(header, source.Length);
            if (layout.Length != expected.Length)
                throw new InvalidDataException($"The sealed message holds {layout.Length} bytes where {expected.Length} are expected: it was cut short or extended.");
            // 5. Its frames are those that were sealed, in that order.
            var tags = layout.ReadTags(source);
            if (layout.Root(header, tags) != expected.Root)
                throw new InvalidDataException("The frames of the sealed message are not those that were sealed: the Merkle root over their tags differs.");
            var reader = new SealedReader(source, leaveOpen, header, cipher, layout, tags);
            // 6. It ends where it says.
            reader.Load(layout.Frames - 1);
            return reader;
        }
        catch
        {
            cipher.Dispose();
            throw;
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => _layout.Length;
    public override long Position { get => _position; set => Seek(value, SeekOrigin.Begin); }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= _layout.Length || buffer.IsEmpty)
            return 0;
        var index = _position / _header.FrameLength;
        // A message of whole frames may end in a full final frame instead of an empty one.
        if (index == _layout.Frames)
            index--;
        if (_loaded != index)
            Load(index);
        var offset = (int)(_position - index * _header.FrameLength);
        var count = Math.Min(buffer.Length, _layout.PlaintextOf(index) - offset);
        _plaintext.AsSpan(offset, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new ValueTask<int>(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin)
    {
        var position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => _layout.Length + offset,
        };
        ArgumentOutOfRangeException.ThrowIfNegative(position, nameof(offset));
        return _position = position;
    }

    private void Load(long index)
    {
        var final = index == _layout.Frames - 1;
        var size = _layout.SizeOf(index);
        _loaded = -1;
        _source.Position = _layout.OffsetOf(index);
        if (_source.ReadAtLeast(_frame.AsSpan(0, size), size, throwOnEndOfStream: false) < size)
            throw new InvalidDataException($"The sealed message was cut short in frame {index + 1}.");
        var tag = _frame.AsSpan(size - BoxAgreement.TagSize, BoxAgreement.TagSize);
        var sealedTag = _tags.AsSpan((int)index * BoxAgreement.TagSize, BoxAgreement.TagSize);
        if (!tag.SequenceEqual(sealedTag)
            || !MessageFrame.TryOpen(_cipher, _header.MessageId, (uint)(index + 1), final, _frame.AsSpan(0, size), _plaintext.AsSpan(0, _layout.PlaintextOf(index))))
            throw new InvalidDataException($"{(final ? "The final frame" : "Frame")} {index + 1} of the sealed message does not verify: it was changed.");
        _loaded = index;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cipher.Dispose();
            CryptographicOperations.ZeroMemory(_plaintext);
            if (!_leaveOpen)
                _source.Dispose();
        }
        base.Dispose(disposing);
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
