using static Merlon.Scanning.Tests.Content.ContentCases;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.Scanning.Tests.Content;

public sealed class OnnxContentTests
{
    private static readonly byte[] s_external = Model([.. Node("Relu"), .. External("w", 4, ("location", "w.bin"), ("length", "16"))]);
    private static readonly byte[] s_weights = [0xFF, 0, .. new byte[14]];

    [Fact]
    public void Scan_ModelAndItsWeightsBeside_Pass()
    {
        Passes("m/model.onnx", s_external, "onnx", ("m/w.bin", s_weights));
        Passes("m/w.bin", s_weights, "onnx-weights", ("m/model.onnx", s_external));
    }

    [Fact]
    public void Scan_WeightsThatNoModelNames_AreBlocked()
    {
        Blocks("m/v.bin", s_weights, "file.unknown", ("m/model.onnx", s_external));
        Blocks("n/w.bin", s_weights, "file.unknown", ("m/model.onnx", s_external));
        Warns("m/w.bin", [0xFF, .. new byte[16 + Limits.UnreferencedBytes]], "file.weights-unreferenced", ("m/model.onnx", s_external));
    }

    [Theory]
    [InlineData("/etc/passwd", "onnx.external-data.absolute")]
    [InlineData("../w.bin", "onnx.external-data.outside")]
    [InlineData("*/_ORT_MEM_ADDR_/*", "onnx.external-data.memory-address")]
    [InlineData("v.bin", "onnx.external-data.missing")]
    public void Scan_ExternalDataElsewhere_IsBlocked(string location, string rule) =>
        Blocks("m/model.onnx", Model([.. Node("Relu"), .. External("w", 4, ("location", location), ("length", "16"))]), rule, ("m/w.bin", s_weights));

    [Fact]
    public void Scan_ForeignDomainAndTrailingBytes_AreBlocked()
    {
        Blocks("model.onnx", Model(Node("Run", "evil.ops")), "onnx.operator-domain");
        Blocks("model.onnx", [.. Model(Node("Relu")), 0xFF, 1], "file.unknown");
        Blocks("picture.png", Model(Node("Run", "evil.ops")), "onnx.operator-domain");
    }
}
