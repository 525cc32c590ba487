using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>
/// A started installation that has done the main job: fraud@1 and fraud@2 pushed, signed, trusted, approved by a second person; fraud@1 deployed to the
/// production endpoint <c>fraud</c> and to <c>other</c>; a key for each. Classes share it, so a test that changes something puts it back or uses its own name.
/// </summary>
public sealed class ServedInstallation : IAsyncLifetime
{
    public const string Collection = "served";

    public Instance Instance { get; } = new();
    public string Key { get; private set; } = "";
    public string OtherKey { get; private set; } = "";
    public string Approver { get; private set; } = "";
    public string SigningKey => Path.Combine(Instance.Folder, "signer.pem");
    public JsonNode Deployed { get; private set; } = new JsonObject();
    public JsonNode Pushed { get; private set; } = new JsonObject();
    public CommandResult BlockedBefore { get; private set; } = new("", 0, "", "");
    public string ModelFolder(int version) => Path.Combine(Instance.Folder, $"model-{version}");
    public string Sinks => Path.Combine(Instance.Folder, "sinks");

    public async Task InitializeAsync()
    {
        await Instance.StartAsync("--checkpoint-sink", Sinks);
        await Instance.SignInAsync();
        SampleModels.First.Save(ModelFolder(1));
        SampleModels.Second.Save(ModelFolder(2));
        Pushed = (await Instance.RunAsync("model", "push", "fraud", ModelFolder(1), "--json")).Exits(0).Json;
        BlockedBefore = await Instance.RunAsync("admit", "fraud@1", "--env", "production", "--json");
        await MakeSignerAsync();
        Approver = await Instance.SignInAsAsync("anna", "approver");
        await PromoteAsync("fraud@1");
        (await Instance.RunAsync("model", "push", "fraud", ModelFolder(2))).Exits(0);
        await PromoteAsync("fraud@2");
        Deployed = (await Instance.RunAsync("deploy", "fraud@1", "--endpoint", "fraud", "--env", "production", "--json")).Exits(0).Json;
        (await Instance.RunAsync("deploy", "fraud@1", "--endpoint", "other", "--env", "production")).Exits(0);
        Key = await NewKeyAsync("fraud", "app");
        OtherKey = await NewKeyAsync("other", "other-app");
    }

    private async Task MakeSignerAsync()
    {
        (await CommandLine.RunAsync("/usr/bin/openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", SigningKey])).Exits(0);
        (await CommandLine.RunAsync("/usr/bin/openssl", ["ec", "-in", SigningKey, "-pubout", "-out", SigningKey + ".pub"])).Exits(0);
        (await Instance.RunAsync("policy", "trust", "release", SigningKey + ".pub")).Exits(0);
    }

    /// <summary>Signs a version, and has it approved by somebody else.</summary>
    public async Task PromoteAsync(string reference)
    {
        (await Instance.RunAsync("sign", reference, "--key", SigningKey)).Exits(0);
        (await Instance.RunAsync("admit", reference, "--env", "production")).Exits(1);
        (await Instance.RunAsAsync(Approver, "approve", reference, "--env", "production", "--reason", "reviewed")).Exits(0);
        (await Instance.RunAsync("admit", reference, "--env", "production")).Exits(0);
    }

    /// <summary>A key whose rate no load of these tests reaches.</summary>
    public async Task<string> NewKeyAsync(string endpoint, string name, string expires = "1d") =>
        (await Instance.RunAsync("key", "create", "--endpoint", endpoint, "--name", name, "--expires", expires, "--rate", "100000", "--json")).Exits(0).Json["key"]!.GetValue<string>();

    public Task<RawConnection> ConnectAsync() => RawConnection.OpenAsync(Instance.GatewayPort, Instance.CaFile);

    public async Task<RawAnswer> InferAsync(string endpoint, string? key, string? body = null)
    {
        using var connection = await ConnectAsync();
        return await connection.PostAsync($"/v2/models/{endpoint}/infer", key, body ?? SampleModels.Request());
    }

    /// <summary>The worker of an endpoint as control knows it.</summary>
    public async Task<JsonNode> WorkerAsync(string endpoint)
    {
        using var api = Instance.Api();
        return (await api.GetAsync("endpoints"))["items"]!.AsArray().Single(e => e!["name"]!.GetValue<string>() == endpoint)!["worker"]!;
    }

    public async Task DisposeAsync() => await Instance.DisposeAsync();
}

[CollectionDefinition(ServedInstallation.Collection)]
public sealed class ServedGroup : ICollectionFixture<ServedInstallation>;
