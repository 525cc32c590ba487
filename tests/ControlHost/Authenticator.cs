using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Merlon.ControlHost;

/// <summary>A person's authenticator app: written from RFC 6238 for the tests, so that it is no mirror of the code under test. Gives no code twice.</summary>
public sealed class Authenticator(string secret)
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private readonly Lock _lock = new();
    private readonly byte[] _secret = Decode(secret);
    private long _last;

    /// <summary>The next code that a server with this clock has not seen: of the step before, the present one or the next. Waits when all three are used up.</summary>
    public async Task<string> NextAsync(TimeProvider time)
    {
        while (true)
        {
            var seconds = time.GetUtcNow().ToUnixTimeSeconds();
            var now = seconds / 30;
            lock (_lock)
            {
                // A code of the step before is too old as soon as the present one ends, which may be before it arrives.
                var step = Math.Max(_last + 1, seconds % 30 < 20 ? now - 1 : now);
                if (step <= now + 1)
                {
                    _last = step;
                    return CodeAt(step);
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }
    }

    public string CodeAt(long step)
    {
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // The authenticator standard's own choice.
        var hash = HMACSHA1.HashData(_secret, counter);
#pragma warning restore CA5350
        var at = hash[19] & 15;
        var number = ((hash[at] & 127) << 24) | (hash[at + 1] << 16) | (hash[at + 2] << 8) | hash[at + 3];
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string text)
    {
        var bits = string.Concat(text.Select(c => Convert.ToString(Base32.IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }
}
