using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>What is left of an unfinished message: its whole frames, verified, and the ciphertext of a torn one after them.</summary>
internal sealed record ResumedMessage(long Frames, IncrementalHash Hash, FrameTree Tree, byte[] Torn)
{
    /// <summary>Reads from the end of the header; leaves the stream where the next frame belongs.</summary>
    internal static async Task<ResumedMessage> ReadAsync(Stream source, MessageHeader header, AesGcm cipher, CancellationToken cancellationToken)
    {
        const int FrameSize = Limits.FrameLength + MessageFrame.Overhead;
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tree = new FrameTree();
        var (frame, plaintext) = (new byte[FrameSize], new byte[Limits.FrameLength]);
        for (var frames = 0L; ; frames++)
        {
            var start = source.Position;
            var read = await source.ReadAtLeastAsync(frame, FrameSize, throwOnEndOfStream: false, cancellationToken);
            var isFinal = read >= 4 && BinaryPrimitives.ReadUInt32BigEndian(frame) == MessageFrame.FinalMark;
            if (isFinal && IsWholeFinal(frame.AsSpan(0, read)))
            {
                hash.Dispose();
                throw new InvalidDataException("The sealed message has its final frame already; it cannot be continued.");
            }
            if (isFinal || read < FrameSize)
            {
                source.Position = start;
                var prefix = Math.Min(read, isFinal ? MessageFrame.FinalPrefix : MessageFrame.RegularPrefix);
                // At most the ciphertext: the bytes of a torn tag are not compared.
                var end = isFinal ? Math.Min(read, prefix + FinalLength(frame.AsSpan(0, read))) : Math.Min(read, prefix + Limits.FrameLength);
                return new ResumedMessage(frames, hash, tree, frame[prefix..end]);
            }
            if (!MessageFrame.TryOpen(cipher, header.MessageId, (uint)(frames + 1), final: false, frame, plaintext))
            {
                hash.Dispose();
                throw new InvalidDataException($"Frame {frames + 1} of the unfinished sealed message does not verify: it was changed after it was written.");
            }
            hash.AppendData(plaintext);
            tree.Add(frame.AsSpan(FrameSize - BoxAgreement.TagSize));
        }
    }

    private static bool IsWholeFinal(ReadOnlySpan<byte> frame) => frame.Length >= MessageFrame.FinalOverhead + FinalLength(frame);

    private static int FinalLength(ReadOnlySpan<byte> frame) =>
        frame.Length < MessageFrame.FinalPrefix ? 0 : (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(frame[20..]), Limits.FrameLength);
}
