using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.App.Cli;
using Merlon.App.Cli.Models;
using Merlon.App.Cli.Signing;
using Merlon.App.Up;
using Merlon.Samples.Fraud;

namespace Merlon.App.Demo;

/// <summary>The main job: a real model passes the gates, is sealed, served in isolation and called.</summary>
internal sealed class DemoJob(DemoStage stage, DemoSteps steps)
{
    private const int Batch = 50;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        steps.Chapter("2. A model becomes trusted");
        await AllowReducedIsolationAsync(cancellationToken);
        Train();
        await PushAsync(cancellationToken);
        await RefuseUnsignedAsync(cancellationToken);
        await SignAndApproveAsync(cancellationToken);
        await DeployAsync(cancellationToken);
        steps.Chapter("3. A trusted model answers");
        await CallAsync(cancellationToken);
    }

    /// <summary>Without root there are no containers with limits; production would rightly refuse such a worker, and the story would end here.</summary>
    private async Task AllowReducedIsolationAsync(CancellationToken cancellationToken)
    {
        if (RoleUsers.IsRoot)
            return;
        var policy = await stage.Owner.GetAsync("policy", cancellationToken);
        await stage.Owner.PutAsync("policy", new { text = policy.Get("text").Replace("isolation: full", "isolation: reduced", StringComparison.Ordinal) }, cancellationToken);
        steps.Tell("Allow reduced isolation in production, because this is not run by root",
            "As root, workers run in containers with hard limits, and production refuses anything less.", expected: true);
    }

    private void Train()
    {
        var begun = Stopwatch.GetTimestamp();
        stage.Sample = FraudSample.Train();
        stage.Sample.Save(stage.NewFolder("fraud"));
        steps.Tell("Train a fraud detector on synthetic card transactions",
            string.Create(CultureInfo.InvariantCulture,
                $"{stage.Sample.Accuracy:P2} right on {stage.Sample.Unseen.Count} unseen transactions, after {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s of training."),
            stage.Sample.Accuracy > 0.9);
    }

    private async Task PushAsync(CancellationToken cancellationToken)
    {
        var pushed = await PushCommand.PushAsync(stage.Owner, "fraud", ModelFolder.Open(stage.NewFolder("fraud")), quiet: true, cancellationToken);
        steps.Tell("merlon model push fraud ./fraud", $"Hashed and sealed in one read: {pushed.Get("reference")} is {pushed.Get("manifest")}.",
            pushed.Get("reference") == "fraud@1", await stage.LedgerEntryAsync("control", body => Operation(body) == "model.push", cancellationToken));
    }

    private async Task RefuseUnsignedAsync(CancellationToken cancellationToken)
    {
        var refused = await DemoAttempt.RefusedAsync(() => DeployAsync(stage.Owner, "fraud@1", "fraud", "production", cancellationToken));
        steps.Tell("Attack: deploy the unsigned model to production", refused ?? "It was deployed.",
            refused?.Contains("signature:", StringComparison.Ordinal) == true,
            await stage.LedgerEntryAsync("control", "deployment.refuse", "admission.blocked", cancellationToken));
    }

    private async Task SignAndApproveAsync(CancellationToken cancellationToken)
    {
        await stage.Owner.PostAsync("policy/trusted-keys", new { name = "release", pem = stage.SigningKey.ExportSubjectPublicKeyInfoPem() }, cancellationToken);
        var signed = await SignCommand.SignVersionAsync(stage.Owner, "fraud", 1, stage.SigningKey, cancellationToken);
        steps.Tell("merlon sign fraud@1 --key release.pem", $"OpenSSF Model Signing, P-256; the policy trusts the signer as '{signed.Get("signer")}'.",
            signed["trusted"]!.GetValue<bool>(), await stage.LedgerEntryAsync("control", body => Operation(body) == "model.sign", cancellationToken));

        await ApproveAsync(stage.Owner, cancellationToken);
        var own = await AdmitAsync(cancellationToken);
        var made = await stage.Owner.PostAsync("principals", new { name = "officer", role = "security-officer" }, cancellationToken);
        stage.Approver = DemoPerson.Client(new Credentials(stage.Owner.Server, stage.CaPem, made.Get("token")));
        await DemoPerson.EnrolAsync(stage.Approver, cancellationToken);
        await ApproveAsync(stage.Approver, cancellationToken);
        var admitted = await AdmitAsync(cancellationToken);
        steps.Tell("merlon approve fraud@1 --env production", $"The author's own approval does not count ({own.Get("verdict")}); with a second person's the verdict is {admitted.Get("verdict")}.",
            own.Get("verdict") == "block" && admitted.Get("verdict") == "pass",
            [.. admitted["gates"].Items().Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Get("gate"),-10} {g.Get("verdict"),-5} {g["milliseconds"]!.GetValue<double>(),7:0.0} ms  {g.Get("reason")}"))]);
    }

    private static Task ApproveAsync(ApiClient by, CancellationToken cancellationToken) =>
        by.PostAsync("models/fraud/versions/1/approvals", new { environment = "production", approved = true, reason = "Reviewed for the demo." }, cancellationToken);

    private Task<JsonNode> AdmitAsync(CancellationToken cancellationToken) =>
        stage.Owner.PostAsync("models/fraud/versions/1/admit", new { environment = "production" }, cancellationToken);

    private async Task DeployAsync(CancellationToken cancellationToken)
    {
        var deployed = await DeployAsync(stage.Owner, "fraud@1", "fraud", "production", cancellationToken);
        steps.Tell("merlon deploy fraud@1 --endpoint fraud --env production",
            string.Create(CultureInfo.InvariantCulture,
                $"In {deployed.Get("sandbox")}, isolation={deployed.Get("isolation")}; decrypted into one sealed memory file, hashed there; first answer after {deployed["startMilliseconds"]!.GetValue<double>():0} ms."),
            deployed.Get("isolation") == "full" || !RoleUsers.IsRoot, await stage.LedgerEntryAsync("node", body => Operation(body) == "worker.start", cancellationToken));
        var key = await stage.Owner.PostAsync("keys", new { name = "shop", endpoint = "fraud", expiresInSeconds = 86_400, ratePerSecond = 100_000 }, cancellationToken);
        stage.Key = key.Get("key");
    }

    public static Task<JsonNode> DeployAsync(ApiClient api, string reference, string endpoint, string environment, CancellationToken cancellationToken) =>
        api.PostAsync($"endpoints/{endpoint}/deployments", new { reference, environment }, cancellationToken);

    private async Task CallAsync(CancellationToken cancellationToken)
    {
        var data = stage.Sample.Unseen;
        var (right, largest) = (0, 0f);
        var begun = Stopwatch.GetTimestamp();
        for (var start = 0; start < data.Count; start += Batch)
        {
            var rows = Math.Min(Batch, data.Count - start);
            var answer = await stage.Caller.InferAsync("fraud", stage.Key, InferenceCaller.Body(data.Rows.AsSpan(start * Features.Count, rows * Features.Count), rows), cancellationToken);
            if (answer.Status != 200)
                throw CliException.Refused($"Good traffic was refused: {answer.Status} {answer.Error}");
            var outputs = answer.Outputs;
            for (var i = 0; i < rows; i++)
            {
                right += outputs[i] >= 0.5f == data.Fraud[start + i] ? 1 : 0;
                largest = Math.Max(largest, Math.Abs(outputs[i] - stage.Sample.Network.Predict(data.Row(start + i))));
            }
        }
        var accuracy = (double)right / data.Count;
        steps.Tell("Call it over TLS with the same unseen transactions",
            string.Create(CultureInfo.InvariantCulture,
                $"{accuracy:P2} right over the wire, {stage.Sample.Accuracy:P2} offline; largest difference of a score {largest:0.0e0}; {data.Count} transactions in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s."),
            Math.Abs(accuracy - stage.Sample.Accuracy) < 1e-9 && largest < 1e-5,
            await stage.LedgerEntryAsync("gateway", body => Operation(body) == "inference" && body.Get("status_id") == "1", cancellationToken));
    }

    internal static string Operation(JsonNode body) => body["unmapped"].Get("operation");
}
