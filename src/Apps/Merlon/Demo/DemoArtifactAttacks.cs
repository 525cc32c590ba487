using Merlon.App.Cli;
using Merlon.App.Cli.Models;
using Merlon.App.Cli.Signing;
using Merlon.Samples.Fraud;

namespace Merlon.App.Demo;

/// <summary>Attacks on what is stored and what is handed in.</summary>
internal sealed class DemoArtifactAttacks(DemoStage stage, DemoSteps steps)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        steps.Chapter("4. Attacks on the model");
        await TamperAsync(cancellationToken);
        await ExternalDataAsync(cancellationToken);
    }

    /// <summary>Someone with the disk changes one byte of a sealed, signed and approved model.</summary>
    private async Task TamperAsync(CancellationToken cancellationToken)
    {
        var folder = stage.NewFolder("fraud-2");
        FraudSample.Train(seed: 2, epochs: 2).Save(folder);
        var before = SealedFiles();
        await PushCommand.PushAsync(stage.Owner, "fraud", ModelFolder.Open(folder), quiet: true, cancellationToken);
        await SignCommand.SignVersionAsync(stage.Owner, "fraud", 2, stage.SigningKey, cancellationToken);
        await stage.Approver!.PostAsync("models/fraud/versions/2/approvals", new { environment = "production", approved = true, reason = "Reviewed." }, cancellationToken);
        Flip(SealedFiles().Except(before, StringComparer.Ordinal).OrderByDescending(f => new FileInfo(f).Length).First());

        var refused = await DemoAttempt.RefusedAsync(() => DemoJob.DeployAsync(stage.Owner, "fraud@2", "fraud", "production", cancellationToken));
        var still = await stage.Caller.InferAsync("fraud", stage.Key, InferenceCaller.Body(stage.Sample.Unseen.Row(0), 1), cancellationToken);
        steps.Tell("Change one byte of a signed, approved, sealed model on disk, then deploy it",
            $"{refused ?? "It was deployed."} The former revision still answers ({still.Status}).",
            refused?.Contains("integrity:", StringComparison.Ordinal) == true && still.Status == 200,
            await stage.LedgerEntryAsync("control", body => DemoJob.Operation(body) == "deployment.refuse" && body["resources"]![0].Get("name") == "fraud@2", cancellationToken));
    }

    private List<string> SealedFiles() => [.. Directory.EnumerateFiles(stage.Supervisor.Data.Blobs, "*.sealed", SearchOption.AllDirectories)];

    private static void Flip(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        var value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 1));
    }

    /// <summary>A model whose weights are said to lie in /etc/passwd.</summary>
    private async Task ExternalDataAsync(CancellationToken cancellationToken)
    {
        var folder = stage.NewFolder("trojan");
        await File.WriteAllBytesAsync(
            Path.Combine(folder, "model.onnx"), OnnxWriter.WriteWithExternalData(stage.Sample.Network, "../../../../../etc/passwd"), cancellationToken);
        await PushCommand.PushAsync(stage.Owner, "trojan", ModelFolder.Open(folder), quiet: true, cancellationToken);
        var refused = await DemoAttempt.RefusedAsync(() => DemoJob.DeployAsync(stage.Owner, "trojan@1", "trojan", "development", cancellationToken));
        steps.Tell("Deploy an ONNX file that reads its weights from /etc/passwd",
            refused ?? "It was deployed.", refused?.Contains("format:", StringComparison.Ordinal) == true,
            await stage.LedgerEntryAsync("control", body => DemoJob.Operation(body) == "deployment.refuse" && body["resources"]![0].Get("name") == "trojan@1", cancellationToken));
    }
}
