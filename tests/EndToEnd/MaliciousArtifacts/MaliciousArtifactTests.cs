using System.Text;
using Merlon.Samples.Fraud;

namespace Merlon.EndToEnd.Tests.MaliciousArtifacts;

/// <summary>Artifacts that mean harm are told by name before anything of them runs, and cannot be deployed.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class MaliciousArtifactTests(ServedInstallation served)
{
    private string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(served.Instance.Folder, "bad-" + name)).FullName;

    private async Task AssertBlockedAsync(string name, string rule)
    {
        (await served.Instance.RunAsync("model", "push", "bad-" + name, NewFolder(name))).Exits(0);
        var admitted = (await served.Instance.RunAsync("admit", $"bad-{name}@1", "--env", "development", "--json")).Exits(1);
        var format = admitted.Json["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "format")!;
        Assert.Equal("block", format["verdict"]!.GetValue<string>());
        Assert.Contains(rule, format["findings"]!.AsArray().Select(f => f!["rule"]!.GetValue<string>()));
        (await served.Instance.RunAsync("deploy", $"bad-{name}@1", "--endpoint", "bad-" + name, "--env", "development")).Exits(1);
    }

    [Theory]
    [InlineData("../../etc/passwd", "onnx.external-data.outside")]
    [InlineData("/etc/passwd", "onnx.external-data.absolute")]
    [InlineData("*/_ORT_MEM_ADDR_/*", "onnx.external-data.memory-address")]
    [InlineData("missing.bin", "onnx.external-data.missing")]
    public async Task Onnx_ExternalDataElsewhere_IsBlocked(string location, string rule)
    {
        var name = "external-" + rule.Split('.')[^1];
        var folder = NewFolder(name);
        var entries = Entry("location", location);
        // TensorProto: dims, data_type FLOAT, name, external_data, data_location EXTERNAL.
        var tensor = Bytes(Varint(1, 1), Varint(2, 1), Text(8, "w"), Message(13, entries), Varint(14, 1));
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), Model(Bytes(Message(5, tensor), Message(1, Node("Add", "", "x", "w"))), ""));
        await AssertBlockedAsync(name, rule);
    }

    [Fact]
    public async Task Onnx_CustomOperatorDomain_IsBlocked()
    {
        var folder = NewFolder("domain");
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), Model(Message(1, Node("PyOp", "com.attacker", "x")), "com.attacker"));
        await AssertBlockedAsync("domain", "onnx.operator-domain");
    }

    [Theory]
    [InlineData("column", "      - { name: amount_eur, min: 0, max: 20000 }\n", "", "contract.contradiction")]
    [InlineData("name", "name: transactions", "name: something_else", "contract.contradiction")]
    [InlineData("range", "min: 0, max: 20000", "min: 5, max: 1", "contract.invalid")]
    [InlineData("word", "max_batch: 64", "max_batsh: 64", "contract.invalid")]
    [InlineData("version", "version: 1", "version: 2", "contract.invalid")]
    public async Task Contract_ThatContradictsTheModel_IsBlocked(string kind, string old, string changed, string rule)
    {
        var folder = NewFolder("contract-" + kind);
        SampleModels.First.Save(folder);
        var contract = FraudSample.Contract();
        Assert.Contains(old, contract, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "merlon.yaml"), contract.Replace(old, changed, StringComparison.Ordinal));
        await AssertBlockedAsync("contract-" + kind, rule);
    }

    [Theory]
    [InlineData("weights.pkl", 2)]
    [InlineData("tokenizer.json", 2)]
    [InlineData("notes.md", 0)]
    public async Task Pickle_BesideTheModel_IsBlockedUnderAnyName(string file, int protocol)
    {
        var name = "pickle-" + Path.GetExtension(file)[1..];
        var folder = NewFolder(name);
        SampleModels.First.Save(folder);
        // GLOBAL os.system, a string, a tuple of it, REDUCE, STOP: in protocol 2 with its mark, in protocol 0 as plain text.
        await File.WriteAllBytesAsync(Path.Combine(folder, file), protocol == 0 ? "cos\nsystem\n(S'id'\ntR."u8.ToArray() : [0x80, 2, .. "cos\nsystem\n"u8, (byte)'X', 2, 0, 0, 0, .. "id"u8, 0x85, .. "R."u8]);
        await AssertBlockedAsync(name, "pickle.call");
    }

    /// <summary>The gate looks inside: a pickle in an archive in an archive is what it is.</summary>
    [Fact]
    public async Task Pickle_InsideOfArchives_IsBlocked()
    {
        var folder = NewFolder("nested");
        SampleModels.First.Save(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, "extra.json"), Zip("a.zip", Zip("data.pkl", "cos\nsystem\n(S'id'\ntR."u8.ToArray())));
        await AssertBlockedAsync("nested", "pickle.call");
    }

    /// <summary>What is understood and clean is told in development, and blocked where nothing but the model belongs.</summary>
    [Fact]
    public async Task Archive_ThatIsClean_IsToldInDevelopmentAndBlockedInProduction()
    {
        var folder = NewFolder("clean");
        SampleModels.First.Save(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, "notes.zip"), Zip("notes.txt", "fine"u8.ToArray()));
        (await served.Instance.RunAsync("model", "push", "bad-clean", folder)).Exits(0);
        Assert.Equal(("warn", "file.kind"), Format((await served.Instance.RunAsync("admit", "bad-clean@1", "--env", "development", "--json")).Exits(0).Json));
        Assert.Equal(("block", "file.kind"), Format((await served.Instance.RunAsync("admit", "bad-clean@1", "--env", "production", "--json")).Exits(1).Json));

        static (string, string) Format(System.Text.Json.Nodes.JsonNode admitted)
        {
            var gate = admitted["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "format")!;
            return (gate["verdict"]!.GetValue<string>(), gate["findings"]!.AsArray().Single()!["rule"]!.GetValue<string>());
        }
    }

    private static byte[] Zip(string name, byte[] content)
    {
        var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry(name).Open();
            entry.Write(content);
        }
        return stream.ToArray();
    }

    [Fact]
    public async Task Program_AsAModel_IsBlocked()
    {
        var folder = NewFolder("elf");
        File.Copy("/bin/true", Path.Combine(folder, "model.onnx"));
        (await served.Instance.RunAsync("model", "push", "bad-elf", folder)).Exits(0);
        (await served.Instance.RunAsync("admit", "bad-elf@1", "--env", "development")).Exits(1);
    }

    [Fact]
    public async Task Link_InTheFolder_IsRefusedBeforeItIsRead()
    {
        var folder = NewFolder("link");
        SampleModels.First.Save(folder);
        File.CreateSymbolicLink(Path.Combine(folder, "weights.bin"), "/etc/passwd");
        Assert.Contains("symbolic link", (await served.Instance.RunAsync("model", "push", "bad-link", folder)).Exits(1).Error, StringComparison.Ordinal);
    }

    // The wire format of protocol buffers, and field numbers of onnx.proto: ir_version 1, graph 7, opset_import 8; graph: node 1, name 2, initializer 5, input 11, output 12.
    private static byte[] Model(byte[] graph, string domain) => Bytes(
        Varint(1, 8),
        Message(7, Bytes(graph, Text(2, "g"), Message(11, Value("x")), Message(12, Value("y")))),
        Message(8, Bytes(Text(1, ""), Varint(2, 17))),
        domain.Length == 0 ? [] : Message(8, Bytes(Text(1, domain), Varint(2, 1))));

    private static byte[] Node(string operation, string domain, params string[] inputs) =>
        Bytes([.. inputs.Select(i => Text(1, i)), Text(2, "y"), Text(4, operation), domain.Length == 0 ? [] : Text(7, domain)]);

    private static byte[] Value(string name) => Bytes(Text(1, name), Message(2, Message(1, Bytes(Varint(1, 1), Message(2, Message(1, Varint(1, 1)))))));

    private static byte[] Entry(string key, string value) => Bytes(Text(1, key), Text(2, value));

    private static byte[] Bytes(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    private static byte[] Varint(int field, byte value) => [(byte)(field << 3), value];

    private static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Message(int field, byte[] content)
    {
        // Two bytes of length are enough here.
        byte[] length = content.Length < 128 ? [(byte)content.Length] : [(byte)((content.Length & 0x7F) | 0x80), (byte)(content.Length >> 7)];
        return [(byte)((field << 3) | 2), .. length, .. content];
    }
}
