using System.Text;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>Secrets are looked for where a thief would look.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class SecretsTests(ServedInstallation served)
{
    /// <summary>Every secret that this installation has given out, in each form in which it could be written down.</summary>
    private IEnumerable<(string What, byte[] Bytes)> Secrets()
    {
        var root = File.ReadAllText(served.Instance.RootKey).Trim();
        yield return ("root key, base64", Encoding.ASCII.GetBytes(root));
        yield return ("root key, raw", Convert.FromBase64String(root));
        yield return ("root key, hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Convert.FromBase64String(root))));
        yield return ("administrator's token", Encoding.ASCII.GetBytes(SecretPart(served.Instance.Token)));
        yield return ("API key", Encoding.ASCII.GetBytes(SecretPart(served.Key)));
        yield return ("other API key", Encoding.ASCII.GetBytes(SecretPart(served.OtherKey)));
        yield return ("bootstrap code", Encoding.ASCII.GetBytes(served.Instance.BootstrapCode.Split('.')[0]));
    }

    // prefix_id_secret: the id is public, the rest is not.
    private static string SecretPart(string credential) => credential.Split('_', 3)[2];

    [Fact]
    public async Task Secrets_InFiles_AreNowhere()
    {
        // Calls and refusals with the key, so that it would be in the logs if it were logged.
        await served.InferAsync("fraud", served.Key);
        await served.InferAsync("other", served.Key);
        await served.InferAsync("fraud", served.Key, "{");
        var secrets = Secrets().ToList();
        Assert.All(secrets, s => Assert.True(s.Bytes.Length >= 16, s.What));
        var searched = 0;
        string[] folders = [served.Instance.Data, Residue.RunFolder(served.Instance), served.Sinks, "/var/cache/merlon/roots"];
        foreach (var file in folders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories)))
        {
            byte[] content;
            try
            {
                content = await File.ReadAllBytesAsync(file);
            }
            catch (IOException)
            {
                // A socket, or gone meanwhile.
                continue;
            }
            searched++;
            foreach (var (what, bytes) in secrets)
                Assert.True(content.AsSpan().IndexOf(bytes) < 0, $"{file} holds the {what}");
        }
        Assert.True(searched > 20, $"only {searched} files were searched");
    }

    [Fact]
    public void Secrets_OfProcesses_AreNotInCommandLinesOrEnvironments()
    {
        var processes = ProcessTable.Descendants(served.Instance.ProcessId).Append(served.Instance.ProcessId).ToList();
        Assert.True(processes.Count >= 5);
        foreach (var process in processes)
        {
            foreach (var file in (string[])["cmdline", "environ"])
            {
                var text = Encoding.UTF8.GetBytes(ProcessTable.Read(process, file));
                foreach (var (what, bytes) in Secrets())
                    Assert.True(text.AsSpan().IndexOf(bytes) < 0, $"/proc/{process}/{file} holds the {what}");
            }
        }
    }

    [Fact]
    public void Environment_OfARole_HoldsNothingOfTheCallers()
    {
        foreach (var role in (string[])["control", "gateway", "node"])
        {
            var names = ProcessTable.Read(served.Instance.ProcessOf(role), "environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')[0]);
            Assert.Empty(names.Except(["PATH", "HOME", "DOTNET_ROOT", "DOTNET_EnableDiagnostics", "DOTNET_gcServer", "DOTNET_TieredPGO", "ORT_DISABLE_TELEMETRY"]));
        }
    }

    [Theory]
    [InlineData("db")]
    [InlineData("blobs")]
    [InlineData("staging")]
    [InlineData("logs")]
    public void Folder_OfTheData_IsClosedToOthers(string name) => Assert.Equal(
        UnixFileMode.None,
        File.GetUnixFileMode(Path.Combine(served.Instance.Data, name)) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite));
}
