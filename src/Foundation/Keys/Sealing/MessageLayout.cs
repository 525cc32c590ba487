namespace Merlon.Keys;

/// <summary>Where the frames of a message lie; it follows from the length of the file alone, which gives random access.</summary>
/// <param name="Frames">All frames, the final one included.</param>
/// <param name="FinalLength">Plaintext bytes of the final frame.</param>
internal sealed record MessageLayout(int HeaderSize, int FrameLength, long Frames, int FinalLength)
{
    internal long Length => (Frames - 1) * FrameLength + FinalLength;

    internal static MessageLayout Of(MessageHeader header, long messageSize)
    {
        // A body is n regular frames and one final frame of 0 to FrameLength bytes; the overhead of a regular frame makes n unambiguous.
        var body = messageSize - header.Size - MessageFrame.FinalOverhead;
        var size = header.FrameLength + MessageFrame.Overhead;
        if (body < 0 || body % size > header.FrameLength || body / size >= Limits.MaxFrames)
            throw new InvalidDataException("The sealed message is not whole: its length does not end with a final frame.");
        return new MessageLayout(header.Size, header.FrameLength, body / size + 1, (int)(body % size));
    }

    internal long OffsetOf(long index) => HeaderSize + index * (FrameLength + MessageFrame.Overhead);
    internal int PlaintextOf(long index) => index == Frames - 1 ? FinalLength : FrameLength;
    internal int SizeOf(long index) => index == Frames - 1 ? FinalLength + MessageFrame.FinalOverhead : FrameLength + MessageFrame.Overhead;

    /// <summary>The tags of all frames, 16 bytes each.</summary>
    internal byte[] ReadTags(Stream source)
    {
        if (Frames > Array.MaxLength / BoxAgreement.TagSize)
            throw new InvalidDataException("The sealed message has more frames than can be checked here.");
        var tags = new byte[Frames * BoxAgreement.TagSize];
        for (var i = 0L; i < Frames; i++)
        {
            source.Position = OffsetOf(i) + SizeOf(i) - BoxAgreement.TagSize;
            source.ReadExactly(tags, (int)i * BoxAgreement.TagSize, BoxAgreement.TagSize);
        }
        return tags;
    }

    internal Digest Root(MessageHeader header, byte[] tags)
    {
        var tree = new FrameTree();
        for (var i = 0; i < tags.Length; i += BoxAgreement.TagSize)
            tree.Add(tags.AsSpan(i, BoxAgreement.TagSize));
        return tree.Root(header.MessageId, Length);
    }
}
