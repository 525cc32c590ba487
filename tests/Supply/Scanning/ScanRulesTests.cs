using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Tests;

public sealed class ScanRulesTests
{
    [Fact]
    public void Of_AnotherBuildOfEitherAssembly_IsAnotherDigest()
    {
        var (scanning, onnx, other) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var digest = ScanRules.Of(scanning, onnx);
        Assert.Equal(digest, ScanRules.Of(scanning, onnx));
        Assert.Equal(3, new[] { digest, ScanRules.Of(scanning, other), ScanRules.Of(other, onnx) }.Distinct().Count());
    }
}
