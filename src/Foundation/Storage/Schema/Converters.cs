using Merlon.Kernel;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Merlon.Storage;

internal sealed class DigestConverter() : ValueConverter<Digest, byte[]>(digest => digest.ToArray(), bytes => new Digest(bytes));

/// <summary>Times are stored as UTC milliseconds: they sort and compare in every database.</summary>
internal sealed class UnixMillisecondsConverter()
    : ValueConverter<DateTimeOffset, long>(time => time.ToUnixTimeMilliseconds(), value => DateTimeOffset.FromUnixTimeMilliseconds(value));
