namespace Merlon.Scanning.Content;

/// <summary>A file, or a part of one that has content of its own (an entry of an archive, a pickle inside an array file).</summary>
/// <param name="Location">Where it is, for people: <c>model.pt!/archive/data.pkl</c>.</param>
/// <param name="Name">Its own name; a hint for messages, never for what it is. Empty when it has none.</param>
/// <param name="Content">At its first byte. Seekable when <paramref name="Size"/> is known and the scanner asked for it.</param>
/// <param name="Size">Bytes, or −1 when only its end will tell.</param>
/// <param name="Depth">How many containers are around it.</param>
internal sealed record ContentTarget(string Location, string Name, Stream Content, long Size, int Depth);
