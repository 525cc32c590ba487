using Merlon.Serving.Contracts;

namespace Merlon.Serving.Tests.Contracts;

public sealed class AllowedDevicesTests
{
    [Theory]
    [InlineData("/dev/nvidia0")]
    [InlineData("/dev/nvidiactl")]
    [InlineData("/dev/nvidia-uvm")]
    [InlineData("/dev/nvidia-uvm-tools")]
    [InlineData("/dev/dri/renderD128")]
    [InlineData("/dev/kfd")]
    [InlineData("/dev/accel/accel0")]
    public void FirstRefused_Accelerator_IsNone(string device) => Assert.Null(AllowedDevices.FirstRefused([device]));

    [Theory]
    [InlineData("/dev/sda")]
    [InlineData("/dev/mem")]
    [InlineData("/dev/kmsg")]
    [InlineData("/dev/nvidia")]
    [InlineData("/dev/nvidia0\n")]
    [InlineData("/dev/nvidia٣")]
    [InlineData("/dev/nvidia0/../sda")]
    [InlineData("/dev/dri/card0")]
    [InlineData("/dev/dri/../mem")]
    [InlineData("x/dev/kfd")]
    [InlineData("")]
    [InlineData(null)]
    public void FirstRefused_AnythingElse_IsNamed(string? device) => Assert.NotNull(AllowedDevices.FirstRefused(["/dev/nvidia0", device!]));

    [Fact]
    public void FirstRefused_TooMany_IsNamed()
    {
        var most = Enumerable.Range(0, AllowedDevices.MaxDevices).Select(i => $"/dev/nvidia{i}").ToList();
        Assert.Null(AllowedDevices.FirstRefused(most));
        Assert.NotNull(AllowedDevices.FirstRefused([.. most, "/dev/nvidiactl"]));
    }
}
