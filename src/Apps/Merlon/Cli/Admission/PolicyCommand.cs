using System.CommandLine;

namespace Merlon.App.Cli.Admission;

/// <summary>The admission policy.</summary>
internal static class PolicyCommand
{
    public static Command Make() => new Command("policy", "Show and change the admission policy").With(Show(), Apply(), Trust());

    private static Command Show()
    {
        var json = CommandBase.JsonOption();
        return new Command("show", "Print the policy in force").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var policy = await api.GetAsync("policy", cancellationToken);
            if (!result.PrintedJson(json, policy))
                Output.Line(policy.Get("text").TrimEnd());
            return ExitCodes.Done;
        });
    }

    private static Command Apply()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "Policy in YAML" };
        var json = CommandBase.JsonOption();
        return new Command("apply", "Put a policy in force").With(file, json).Does(async (result, cancellationToken) =>
        {
            var text = await File.ReadAllTextAsync(result.GetValue(file)!.FullName, cancellationToken);
            using var api = ApiClient.Open();
            var policy = await api.PutAsync("policy", new { text }, cancellationToken);
            if (!result.PrintedJson(json, policy))
                Output.Line($"Policy {policy.Get("number")} is in force: {policy.Get("digest")}");
            return ExitCodes.Done;
        });
    }

    private static Command Trust()
    {
        var name = new Argument<string>("NAME") { Description = "Name under which the key is known" };
        var file = new Argument<FileInfo>("PUBLIC.pem") { Description = "Public key of a signer (PEM)" };
        var json = CommandBase.JsonOption();
        return new Command("trust", "Trust a key to sign models").With(name, file, json).Does(async (result, cancellationToken) =>
        {
            var pem = await File.ReadAllTextAsync(result.GetValue(file)!.FullName, cancellationToken);
            using var api = ApiClient.Open();
            var policy = await api.PostAsync("policy/trusted-keys", new { name = result.GetValue(name), pem }, cancellationToken);
            if (!result.PrintedJson(json, policy))
                Output.Line($"Policy {policy.Get("number")} trusts '{result.GetValue(name)}': {policy.Get("digest")}");
            return ExitCodes.Done;
        });
    }
}
