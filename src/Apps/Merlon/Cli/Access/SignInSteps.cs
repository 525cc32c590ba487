using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>The two ways in for people who have signed in before.</summary>
internal static class SignInSteps
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private static string Device => $"merlon on {Environment.MachineName}";

    public static async Task<Credentials> WithPasswordAsync(string server, string caPem, string name, CancellationToken cancellationToken)
    {
        using var api = new ApiClient(server, caPem, token: null);
        var mark = DeviceMark.Read(server);
        var step = await api.PostAsync("sign-in", new { name, password = Prompt.Secret($"Password of {name}: "), device = Device, deviceMark = mark }, cancellationToken);
        if (step.Get("ticket") is { Length: > 0 } ticket)
            step = await api.PostAsync("sign-in/factor", new { ticket, code = await Prompt.CodeAsync(cancellationToken), device = Device, deviceMark = mark }, cancellationToken);
        DeviceMark.Save(server, step.Get("deviceMark"));
        return new Credentials(server, caPem, step.Get("token"));
    }

    /// <summary>The device flow (RFC 8628): nothing secret is typed here.</summary>
    public static async Task<Credentials> WithBrowserAsync(string server, string caPem, CancellationToken cancellationToken)
    {
        using var api = new ApiClient(server, caPem, token: null);
        var begun = await api.PostAsync("device", new { device = Device }, cancellationToken);
        Console.Error.WriteLine($"Open {api.Server}/device in a browser where you are signed in, and confirm this code:");
        Console.Error.WriteLine();
        Console.Error.WriteLine($"    {begun.Get("userCode")}");
        Console.Error.WriteLine();
        var interval = TimeSpan.FromSeconds(begun["interval"]!.GetValue<int>());
        var begin = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begin) < s_patience)
        {
            await Task.Delay(interval, cancellationToken);
            if (await PollAsync(api, begun.Get("deviceCode"), cancellationToken) is { } answer)
                return new Credentials(server, caPem, answer.Get("token"));
        }
        throw CliException.Refused("Nobody confirmed the code in time.", "Begin again: merlon login");
    }

    private static async Task<JsonNode?> PollAsync(ApiClient api, string deviceCode, CancellationToken cancellationToken)
    {
        try
        {
            return await api.PostAsync("device/token", new { deviceCode }, cancellationToken);
        }
        catch (CliException e) when (e.Code == "authorization_pending")
        {
            return null;
        }
    }
}
