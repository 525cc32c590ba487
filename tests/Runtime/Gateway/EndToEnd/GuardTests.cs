using System.Buffers;
using System.Text;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>Guards of other modules, planted: one that replaces or refuses by marker words in request and answer.</summary>
public sealed class GuardTests
{
    private sealed class MarkerGuard : IRequestGuard, IGuardPass
    {
        public string Name => "marker";
        public GuardSides Sides => GuardSides.Request | GuardSides.Response;
        public int HoldBack => 0;
        public List<GuardedCall> Seen { get; } = [];

        public IGuardPass? Begin(in GuardedCall call, GuardSides side)
        {
            lock (Seen)
                Seen.Add(call);
            return this;
        }

        public GuardDecision Inspect(ReadOnlySpan<byte> chunk, bool last, IBufferWriter<byte> released)
        {
            Assert.True(last);
            var text = Encoding.UTF8.GetString(chunk);
            if (text.Contains("refuse-me") || text.Contains("[66]"))
                return GuardDecision.Refuse(new Refusal(RefusalKind.Blocked, "marker.found", "The call holds a forbidden marker."));
            if (!text.Contains("[1,2,3]"))
                return GuardDecision.Allow;
            released.Write(Encoding.UTF8.GetBytes(text.Replace("[1,2,3]", text.Contains("widen") ? "[1,2,3,4]" : "[10,20,30]")));
            return GuardDecision.Change;
        }
    }

    [Fact]
    public async Task Guards_OnBothSides_ChangeAndRefuseWhatPasses()
    {
        var guard = new MarkerGuard();
        await using var host = await GatewayHost.StartAsync(configure: s => s.AddSingleton<IRequestGuard>(guard));
        using var worker = host.StartWorker("a", GatewayHost.ManifestA);
        var key = ApiKeys.Mint();
        await host.PublishAsync(1, [host.Route()], GatewayHost.Entry(key, host.Route()));
        using var client = host.Client(key.Token);
        Task<HttpResponseMessage> Infer(string data, string extra = "") => client.PostAsync(InferenceTests.Infer, InferenceTests.Body(data, extra: extra));

        Assert.Contains("\"data\":[60]", await (await Infer("[1,2,3]")).Content.ReadAsStringAsync());
        Assert.Contains("\"data\":[15]", await (await Infer("[4,5,6]")).Content.ReadAsStringAsync());
        var calls = worker.Calls;
        Assert.Equal(422, (int)(await Infer("[4,5,6]", "\"id\":\"refuse-me\",")).StatusCode);
        // What the guard made of the request is held to the contract again.
        Assert.Equal(400, (int)(await Infer("[1,2,3]", "\"id\":\"widen\",")).StatusCode);
        Assert.Equal(calls, worker.Calls);

        var blocked = await Infer("[22,22,22]");
        Assert.Equal(422, (int)blocked.StatusCode);
        Assert.DoesNotContain("66", await blocked.Content.ReadAsStringAsync());
        Assert.Equal("marker.found", host.Events.Last().StatusCode);
        Assert.All(guard.Seen, c => Assert.Equal(("caller-1", "fraud", GatewayHost.ManifestA), (c.Caller, c.Endpoint, c.Manifest)));
        Assert.Equal(["tensor-contract", "marker", "marker", "answer-contract"], host.Status.Guards);
    }
}
