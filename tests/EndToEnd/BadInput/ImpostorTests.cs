using System.Buffers.Text;

namespace Merlon.EndToEnd.Tests.BadInput;

/// <summary>A server that is not the one that printed the code never sees the code.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class ImpostorTests(ServedInstallation served)
{
    [Fact]
    public async Task Login_CodeOfAnotherServer_IsNotSent()
    {
        var settings = Directory.CreateTempSubdirectory("merlon-e2e-").FullName;
        try
        {
            // A well-formed code whose fingerprint is of a CA that this server does not have.
            var code = $"{Base64Url.EncodeToString(new byte[16])}.{Base64Url.EncodeToString(new byte[16])}";
            var result = (await Instance.RunAsAsync(settings, "login", "--bootstrap", code, "--server", served.Instance.Server)).Exits(1);
            Assert.Contains("another fingerprint", result.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(settings, "credentials.json")));
        }
        finally
        {
            Directory.Delete(settings, recursive: true);
        }
    }
}
