using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Merlon.Access.Contracts;
using Merlon.Keys;

namespace Merlon.App.Cli.Access;

/// <summary>Machines with certificates. The private key is made here and never leaves this machine.</summary>
internal static class WorkloadCommand
{
    public static Command Make() => new Command("workload", "Enrol, list, renew and revoke machines with certificates").With(Enrol(), List(), Renew(), Revoke());

    private static Command Enrol()
    {
        var name = Name();
        var folder = Folder();
        var life = new Option<string>("--life") { Description = "Life of each certificate, 5m to 7d", DefaultValueFactory = _ => "24h" };
        var json = CommandBase.JsonOption();
        return new Command("enrol", "Enrol a machine: makes its key here and gets its certificate").With(name, folder, life, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var files = new WorkloadFiles(result.GetValue(folder)!);
            files.RequireNone();
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var issued = await api.PostAsync("workloads", new
            {
                name = result.GetValue(name), csr = Request(key), lifeSeconds = KeyCommand.ParseLife(result.GetValue(life)!),
            }, cancellationToken);
            files.Write(key, issued);
            return Print(result, json, issued, files);
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List workloads").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("workloads", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["NAME", "IDENTITY", "CERTIFICATES", "EXPIRES", "REVOKED"], all.Items().Select(w => new[]
                {
                    w.Get("name"), w.Get("spiffeId"), w.Get("certificates"), Output.Time(w.Get("expiresAt")), Output.Time(w.Get("revokedAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Renew()
    {
        var name = new Argument<string?>("NAME") { Description = "Renew as yourself; without it, the certificate in the folder renews itself", Arity = ArgumentArity.ZeroOrOne };
        var folder = Folder();
        var server = new Option<string?>("--server") { Description = "Address of the server where nobody is signed in on this machine, as in https://merlon.example:8443" };
        var json = CommandBase.JsonOption();
        return new Command("renew", "Get a new certificate for a new key").With(name, folder, server, json).Does(async (result, cancellationToken) =>
        {
            var files = new WorkloadFiles(result.GetValue(folder)!);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            JsonNode issued;
            if (result.GetValue(name) is { } named)
            {
                using var api = ApiClient.Open();
                issued = await api.PostAsync(PathOf(named) + "/renew", new { csr = Request(key) }, cancellationToken);
            }
            else
            {
                var present = files.Read();
                using var old = present.Key;
                using var api = new ApiClient(result.GetValue(server) ?? Credentials.Load().Server, present.CaPem, token: null);
                var (csr, at) = (Request(key), TimeProvider.System.GetUtcNow());
                issued = await api.PostAsync("workload-renewals", new
                {
                    certificate = present.CertificatePem, csr, at = at.ToUnixTimeSeconds(), proof = RenewalProof.Sign(old, present.TrustDomain, at, csr),
                }, cancellationToken);
            }
            files.Write(key, issued);
            return Print(result, json, issued, files);
        });
    }

    private static Command Revoke()
    {
        var name = Name();
        var json = CommandBase.JsonOption();
        return new Command("revoke", "Revoke it and its certificates at once").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var revoked = await api.DeleteAsync(PathOf(result.GetValue(name)!), cancellationToken);
            if (!result.PrintedJson(json, revoked))
                Output.Line(revoked.Get("effective") == "true"
                    ? $"'{result.GetValue(name)}' is revoked, at every gateway."
                    : $"'{result.GetValue(name)}' is revoked. A gateway has not confirmed yet; it follows as soon as it is reached.");
            return ExitCodes.Done;
        });
    }

    private static int Print(ParseResult result, Option<bool> json, JsonNode issued, WorkloadFiles files)
    {
        // The certificate lies in the folder; what is printed says which it is.
        if (!result.PrintedJson(json, issued))
            Output.Line($"{issued.Get("spiffeId")} until {Output.Time(issued.Get("expiresAt"))}: {files.CertificatePath}");
        return ExitCodes.Done;
    }

    private static string Request(ECDsa key) => new CertificateRequest("O=Merlon", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    private static Argument<string> Name() => new("NAME") { Description = "Name of the workload" };

    private static Option<string> Folder() => new("--out") { Description = "Folder for key.pem, cert.pem and ca.pem", Required = true };

    private static string PathOf(string name) => "workloads/" + Uri.EscapeDataString(name);
}
