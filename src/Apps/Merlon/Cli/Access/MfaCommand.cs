using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>One's own second factors.</summary>
internal static class MfaCommand
{
    public static Command Make() => new Command("mfa", "Enrol, prove, show and remove your second factors").With(Status(), Enrol(), Verify(), RecoveryCodes(), Remove());

    private static Command Status()
    {
        var json = CommandBase.JsonOption();
        return new Command("status", "Show your second factors").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var me = await api.GetAsync("me", cancellationToken);
            if (result.PrintedJson(json, me))
                return ExitCodes.Done;
            Output.Table(["FACTOR", "STATE"],
            [
                ["authenticator", me.Get("hasTotp") == "true" ? "enrolled" : "none"],
                .. me["passkeys"].Items().Select(p => new[] { "passkey " + p.Get("name"), $"enrolled {Output.Time(p.Get("createdAt"))}, last used {(p.Get("lastUsedAt").Length == 0 ? "never" : Output.Time(p.Get("lastUsedAt")))}  {p.Get("id")}" }),
                ["recovery codes", me.Get("recoveryCodesLeft") + " left"],
                ["password", me.Get("hasPassword") == "true" ? "set" : "none"],
                ["proved on this session", me.Get("mfaAt").Length == 0 ? "never" : Output.Time(me.Get("mfaAt"))],
            ]);
            return ExitCodes.Done;
        });
    }

    private static Command Enrol() => new Command("enrol", "Enrol an authenticator app; passkeys are enrolled in the console").Does(async (_, cancellationToken) =>
    {
        using var api = ApiClient.Open();
        await Enrolment.TotpAsync(api, cancellationToken);
        return ExitCodes.Done;
    });

    private static Command Verify()
    {
        var code = new Option<string?>("--code") { Description = "The code; asked for when it is not given" };
        return new Command("verify", "Prove your second factor again, as approving, deploying to production and changing access need").With(code).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.PostAsync("me/verify", new { code = result.GetValue(code) ?? await Prompt.CodeAsync(cancellationToken) }, cancellationToken);
            Output.Line("Proved. It counts for 5 minutes.");
            return ExitCodes.Done;
        });
    }

    private static Command RecoveryCodes() => new Command("recovery-codes", "Make new recovery codes; the old ones end").Does(async (_, cancellationToken) =>
    {
        using var api = ApiClient.Open();
        Enrolment.ShowRecoveryCodes(await api.PostAsync("me/recovery-codes", null, cancellationToken));
        return ExitCodes.Done;
    });

    private static Command Remove()
    {
        var factor = new Argument<string>("FACTOR") { Description = "totp, or the id of a passkey as 'merlon mfa status' shows it" };
        return new Command("remove", "Remove a second factor").With(factor).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var which = result.GetValue(factor)!;
            await api.DeleteAsync(which == "totp" ? "me/totp" : $"me/passkeys/{Uri.EscapeDataString(which)}", cancellationToken);
            Output.Line("Removed.");
            return ExitCodes.Done;
        });
    }
}

/// <summary>One's own password.</summary>
internal static class PasswordCommand
{
    public static Command Make() => new Command("password", "Set your password; your other sessions end").Does(async (_, cancellationToken) =>
    {
        using var api = ApiClient.Open();
        await Enrolment.SetPasswordAsync(api, mayBeSkipped: false, cancellationToken);
        return ExitCodes.Done;
    });
}

/// <summary>One's own sessions.</summary>
internal static class SessionCommand
{
    public static Command Make() => new Command("session", "List and end your sessions").With(List(), End());

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List your sessions").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("me/sessions", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["ID", "WHERE", "DEVICE", "NETWORK", "LAST USED", "ENDS"], all.Items().Select(s => new[]
                {
                    s.Get("id"), s.Get("isCurrent") == "true" ? "here" : s.Get("kind"), s.Get("device"), s.Get("network"), Output.Time(s.Get("lastSeenAt")), Output.Time(s.Get("notAfter")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command End()
    {
        var id = new Argument<string?>("ID") { Description = "The session", Arity = ArgumentArity.ZeroOrOne };
        var others = new Option<bool>("--others") { Description = "All but this one" };
        return new Command("end", "End a session, or all others").With(id, others).Does(async (result, cancellationToken) =>
        {
            if (result.GetValue(id) is null == !result.GetValue(others))
                throw CliException.Usage("Name one session, or say --others.");
            using var api = ApiClient.Open();
            if (result.GetValue(others))
                Output.Line($"{(await api.DeleteAsync("me/sessions", cancellationToken)).Get("ended")} ended.");
            else
            {
                await api.DeleteAsync($"me/sessions/{Uri.EscapeDataString(result.GetValue(id)!)}", cancellationToken);
                Output.Line("Ended.");
            }
            return ExitCodes.Done;
        });
    }
}
