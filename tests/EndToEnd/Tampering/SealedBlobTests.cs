namespace Merlon.EndToEnd.Tests.Tampering;

/// <summary>Someone with the disk in hand changes one byte of a sealed model.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class SealedBlobTests(ServedInstallation served)
{
    [Fact]
    public async Task Flip_OneByteOfASealedFile_IsNamedAndNeverServed()
    {
        var folder = Directory.CreateDirectory(Path.Combine(served.Instance.Folder, "tampered")).FullName;
        // Another seed, other weights: content of its own in the store.
        Samples.Fraud.FraudSample.Train(seed: 3, epochs: 1).Save(folder);
        var before = Blobs().ToHashSet(StringComparer.Ordinal);
        (await served.Instance.RunAsync("model", "push", "tampered", folder)).Exits(0);
        var blob = Assert.Single(Blobs(), b => !before.Contains(b));
        (await served.Instance.RunAsync("model", "verify", "tampered@1")).Exits(0);
        (await served.Instance.RunAsync("deploy", "tampered@1", "--endpoint", "tampered", "--env", "development")).Exits(0);
        var key = await served.NewKeyAsync("tampered", "tampered-app");
        Assert.Equal(200, (await served.InferAsync("tampered", key)).Status);

        await FlipAsync(blob);

        var verified = (await served.Instance.RunAsync("model", "verify", "tampered@1")).Exits(1);
        Assert.Contains("model.onnx", verified.Error, StringComparison.Ordinal);
        var admitted = (await served.Instance.RunAsync("admit", "tampered@1", "--env", "development", "--json")).Exits(1);
        Assert.Contains(admitted.Json["gates"]!.AsArray(), g => g!["gate"]!.GetValue<string>() == "integrity" && g["verdict"]!.GetValue<string>() == "block");
        (await served.Instance.RunAsync("deploy", "tampered@1", "--endpoint", "tampered", "--env", "development")).Exits(1);
        (await served.Instance.RunAsync("deploy", "tampered@1", "--endpoint", "tampered-2", "--env", "development")).Exits(1);
        (await served.Instance.RunAsync("model", "pull", "tampered@1", Path.Combine(served.Instance.Folder, "pulled"))).ExitsNot(0);
        Assert.Equal(200, (await served.InferAsync("tampered", key)).Status);

        await FlipAsync(blob);
        (await served.Instance.RunAsync("model", "verify", "tampered@1")).Exits(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Cut_ASealedFile_IsNamed(int bytesLeft)
    {
        var name = $"cut-{bytesLeft}";
        var folder = Directory.CreateDirectory(Path.Combine(served.Instance.Folder, name)).FullName;
        Samples.Fraud.FraudSample.Train(seed: 4 + bytesLeft, epochs: 1).Save(folder);
        var before = Blobs().ToHashSet(StringComparer.Ordinal);
        (await served.Instance.RunAsync("model", "push", name, folder)).Exits(0);
        var blob = Assert.Single(Blobs(), b => !before.Contains(b));
        await using (var file = new FileStream(blob, FileMode.Open))
            file.SetLength(file.Length * bytesLeft / 2);
        Assert.Contains("model.onnx", (await served.Instance.RunAsync("model", "verify", name + "@1")).Exits(1).Error, StringComparison.Ordinal);
        (await served.Instance.RunAsync("admit", name + "@1", "--env", "development")).Exits(1);
        File.Delete(blob);
        Assert.Contains("model.onnx", (await served.Instance.RunAsync("model", "verify", name + "@1")).Exits(1).Error, StringComparison.Ordinal);
    }

    private IEnumerable<string> Blobs() => Directory.EnumerateFiles(Path.Combine(served.Instance.Data, "blobs"), "*", SearchOption.AllDirectories);

    private static async Task FlipAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open);
        file.Position = file.Length / 2;
        var value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }
}
