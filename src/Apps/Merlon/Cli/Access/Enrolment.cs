using System.Text.Json.Nodes;
using QRCoder;

namespace Merlon.App.Cli.Access;

/// <summary>Leads a person through their first password and authenticator at the terminal.</summary>
internal static class Enrolment
{
    private const int Attempts = 3;

    /// <summary>After a first sign-in: a password to come back with, and a second factor where the role needs one.</summary>
    public static async Task FirstAsync(ApiClient api, CancellationToken cancellationToken)
    {
        Output.Line("Your role can change things, so two steps come first.");
        await SetPasswordAsync(api, mayBeSkipped: true, cancellationToken);
        await TotpAsync(api, cancellationToken);
    }

    public static async Task SetPasswordAsync(ApiClient api, bool mayBeSkipped, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var password = Prompt.Secret(mayBeSkipped ? "Choose a password of 12 characters or more (Enter for none yet): " : "New password: ");
            if (password.Length == 0 && mayBeSkipped)
                return;
            try
            {
                if (!Console.IsInputRedirected && Prompt.Secret("Once more: ") != password)
                    throw CliException.Refused("The two are not the same.");
                await api.PutAsync("me/password", new { password }, cancellationToken);
                Output.Line("The password is set.");
                return;
            }
            catch (CliException e) when (attempt < Attempts && !Console.IsInputRedirected)
            {
                Output.Error(e.Message, e.Remedy);
            }
        }
    }

    public static async Task TotpAsync(ApiClient api, CancellationToken cancellationToken)
    {
        var begun = await api.PostAsync("me/totp", null, cancellationToken);
        Output.Line("Scan this with an authenticator app, or type the secret into it:");
        if (!Console.IsOutputRedirected)
            Output.Line(QrCode(begun.Get("address")));
        Output.Line($"  secret   {begun.Get("secret")}");
        Output.Line($"  address  {begun.Get("address")}");
        Console.Out.Flush();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var confirmed = await api.PostAsync("me/totp/confirm", new { code = Prompt.Line("Code that the app shows: ") }, cancellationToken);
                Output.Line("The authenticator is enrolled.");
                ShowRecoveryCodes(confirmed);
                return;
            }
            catch (CliException e) when (attempt < Attempts && e.Code == "factor.wrong" && !Console.IsInputRedirected)
            {
                Output.Error(e.Message, null);
            }
        }
    }

    public static void ShowRecoveryCodes(JsonNode answer)
    {
        var codes = answer["recoveryCodes"].Items().Select(c => c.ToString()).ToList();
        if (codes.Count == 0)
            return;
        Output.Line("Recovery codes, each good once when the authenticator is lost. They are not shown again:");
        foreach (var pair in codes.Chunk(2))
            Output.Line("  " + string.Join("   ", pair));
    }

    /// <summary>Two modules a character: half blocks.</summary>
    private static string QrCode(string text)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        var rows = data.ModuleMatrix;
        var lines = new List<string>();
        for (var y = 0; y < rows.Count; y += 2)
        {
            var lower = y + 1 < rows.Count ? rows[y + 1] : null;
            lines.Add(string.Concat(Enumerable.Range(0, rows[y].Count).Select(x => (rows[y][x], lower?[x] == true) switch
            {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                _ => ' ',
            })));
        }
        return string.Join('\n', lines);
    }
}
