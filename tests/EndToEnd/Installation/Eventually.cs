using System.Diagnostics;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>Waits for what must become true, and says how long it took.</summary>
internal static class Eventually
{
    public static async Task<TimeSpan> TrueAsync(Func<Task<bool>> check, double seconds, string what, int pauseMilliseconds = 20)
    {
        var clock = Stopwatch.StartNew();
        while (!await check())
        {
            Assert.True(clock.Elapsed.TotalSeconds < seconds, $"Not within {seconds} seconds: {what}");
            await Task.Delay(pauseMilliseconds);
        }
        return clock.Elapsed;
    }

    public static Task<TimeSpan> TrueAsync(Func<bool> check, double seconds, string what) => TrueAsync(() => Task.FromResult(check()), seconds, what);
}
