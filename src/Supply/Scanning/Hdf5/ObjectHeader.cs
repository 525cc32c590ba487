using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <param name="Shared">The message's content lies elsewhere.</param>
internal sealed record HeaderMessage(int Type, bool Shared, byte[] Content, long Address);

/// <summary>Object headers of version 1 and 2 with their continuations. Specification IV.A.1.</summary>
internal static class ObjectHeader
{
    private const int Continuation = 0x10;

    public static List<HeaderMessage> Read(Hdf5File file, ulong address)
    {
        var start = file.Read(address, 16UL);
        return start.Bytes.StartsWith("OHDR"u8) ? ReadNew(file, address) : ReadOld(file, address);
    }

    private static List<HeaderMessage> ReadOld(Hdf5File file, ulong address)
    {
        var prefix = file.Read(address, 16UL);
        if (prefix.UInt8() != 1)
            throw prefix.NotUnderstood("An object header has another version than 1 or 2.");
        prefix.Skip(1);
        var count = prefix.UInt16();
        prefix.Skip(4);
        var messages = new List<HeaderMessage>();
        var blocks = new Queue<(ulong Address, ulong Size)>([(address + 16, prefix.UInt32())]);
        ulong total = 0;
        // The library reads blocks to their end, whatever the count says, so that is what is judged.
        while (blocks.TryDequeue(out var next))
        {
            Bound(ref total, next.Size);
            var block = file.Read(next.Address, next.Size);
            while (block.Left >= 8)
            {
                var type = block.UInt16();
                var size = block.UInt16();
                var flags = block.UInt8();
                block.Skip(3);
                Add(messages, blocks, type, size, flags, ref block);
            }
        }
        if (messages.Count != count)
            throw new MalformedException("hdf5.malformed", "An object header has another number of messages than it says.", (long)address);
        return messages;
    }

    private static List<HeaderMessage> ReadNew(Hdf5File file, ulong address)
    {
        var prefix = file.Read(address, 6UL);
        prefix.Skip(4);
        if (prefix.UInt8() != 2)
            throw prefix.NotUnderstood("An object header has another version than 1 or 2.");
        var flags = prefix.UInt8();
        var skipped = ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
        var sizeBytes = 1 << (flags & 3);
        var sizes = file.Read(address + 6, (ulong)(skipped + sizeBytes));
        sizes.Skip(skipped);
        var size = sizes.UInt(sizeBytes);
        var tracked = (flags & 0x04) != 0;
        var messages = new List<HeaderMessage>();
        var blocks = new Queue<(ulong Address, ulong Size)>();
        ulong total = 0;
        Bound(ref total, size);
        var first = file.Read(address + 6 + (ulong)(skipped + sizeBytes), size + 4);
        ReadMessages(messages, blocks, ref first, tracked);
        while (blocks.TryDequeue(out var next))
        {
            Bound(ref total, next.Size);
            var block = file.Read(next.Address, next.Size);
            block.Expect("OCHK"u8, "continuation");
            ReadMessages(messages, blocks, ref block, tracked);
        }
        return messages;
    }

    private static void ReadMessages(List<HeaderMessage> messages, Queue<(ulong Address, ulong Size)> blocks, ref Block block, bool tracked)
    {
        // The last four bytes are a checksum; a gap before it is too small for a message.
        while (block.Left - 4 >= (tracked ? 6 : 4))
        {
            var type = block.UInt8();
            var size = block.UInt16();
            var flags = block.UInt8();
            if (tracked)
                block.Skip(2);
            Add(messages, blocks, type, size, flags, ref block);
        }
    }

    private static void Add(List<HeaderMessage> messages, Queue<(ulong Address, ulong Size)> blocks, int type, int size, byte flags, ref Block block)
    {
        var at = block.Address;
        var content = block.Take(size).ToArray();
        messages.Add(new HeaderMessage(type, (flags & 2) != 0, content, at));
        if (messages.Count > Limits.Messages)
            throw new MalformedException("hdf5.bounds", $"An object has more than {Limits.Messages} messages.", at);
        if (type != Continuation)
            return;
        var continuation = new Block(content, at);
        blocks.Enqueue((continuation.UInt64(), continuation.UInt64()));
    }

    private static void Bound(ref ulong total, ulong size)
    {
        total = size > Limits.HeaderBytes ? ulong.MaxValue : total + size;
        if (total > Limits.HeaderBytes)
            throw new MalformedException("hdf5.bounds", $"An object header has more than {Limits.HeaderBytes} bytes.");
    }
}
