using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Merlon.Keys;
using Merlon.Samples.Fraud;

namespace Merlon.Bench.Whole;

/// <summary>The whole system, measured in one run on one machine: compare the ratios, not the numbers of another day.</summary>
internal static class WholeBench
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(8);

    public static async Task<int> RunAsync(string root)
    {
        await using var installation = await Installation.StartAsync(root);
        Say($"machine: {Environment.ProcessorCount} cores, {CpuName()}, {RuntimeVersion()}; the load generator runs on the same cores");
        Say("guards on: network limits, API key, endpoint permission, rate and concurrency, tensor contract while parsing (30 column ranges), output contract, ledger event before the answer");
        Say("");
        await CompareAsync(installation);
        Say("");
        InProcess(installation);
        await StoreBench.PushAsync(installation.Folder);
        await StoreBench.LedgerAsync(installation.Folder);
        return 0;
    }

    private static async Task CompareAsync(Installation installation)
    {
        var row = TransactionGenerator.Make(1, 7).Row(0);
        var body = $"{{\"inputs\":[{{\"name\":\"transactions\",\"datatype\":\"FP32\",\"shape\":[1,30],\"data\":[{string.Join(',', row.ToArray().Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}]}}]}}";
        using var bare = StartBare(installation);
        var barePort = int.Parse((await bare.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        var bareRequest = LoadGenerator.Request("/infer", null, body);
        var gatewayRequest = LoadGenerator.Request("/v2/models/fraud/infer", installation.Key, body);

        Say($"{"30 x FP32 JSON over TLS",-34} {"req/s",9} {"p50 us",8} {"p99 us",8} {"CPU us",8} {"RSS MiB",8}");
        foreach (var connections in (int[])[1, 32])
        {
            var without = await LoadGenerator.RunAsync(barePort, bareRequest, connections, s_warmUp, s_time, bare.Id);
            var with = await LoadGenerator.RunAsync(installation.GatewayPort, gatewayRequest, connections, s_warmUp, s_time, installation.GatewayProcess);
            Show($"bare Kestrel, {connections} connections", without);
            Show($"gateway, {connections} connections", with);
            Say(string.Create(CultureInfo.InvariantCulture,
                $"{"  gateway / bare",-34} {with.RequestsPerSecond / without.RequestsPerSecond,9:0.00} {with.P50 / without.P50,8:0.00} {with.P99 / without.P99,8:0.00} {with.CpuMicroseconds / without.CpuMicroseconds,8:0.00}   p50 added {with.P50 - without.P50:0} us, p99 added {with.P99 - without.P99:0} us"));
        }
        bare.StandardInput.Close();
        await bare.WaitForExitAsync();
    }

    private static void Show(string name, LoadResult result) => Say(string.Create(CultureInfo.InvariantCulture,
        $"{name,-34} {result.RequestsPerSecond,9:0} {result.P50,8:0} {result.P99,8:0} {result.CpuMicroseconds,8:0.0} {result.ResidentMebibytes,8:0}{(result.Failures > 0 ? $"   {result.Failures} FAILED" : "")}"));

    private static Process StartBare(Installation installation)
    {
        using var authority = DevelopmentCa.CreateAuthority("bench", TimeProvider.System.GetUtcNow());
        using var issued = DevelopmentCa.IssueServer(authority, ["localhost"], TimeProvider.System.GetUtcNow());
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(issued.PrivateKey, out _);
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem).CopyWithPrivateKey(key);
        var pfx = Path.Combine(installation.Folder, "bare.pfx");
        File.WriteAllBytes(pfx, certificate.Export(X509ContentType.Pkcs12));
        return Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["bare", pfx, installation.WorkerSocket, installation.Manifest])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    private static void InProcess(Installation installation)
    {
        using var session = Onnx.Contracts.OnnxSession.Load(File.ReadAllBytes(installation.ModelFile), [], new Onnx.Contracts.OnnxSessionOptions());
        using var call = session.NewCall();
        var row = TransactionGenerator.Make(1, 7).Row(0).ToArray();
        const int rounds = 200_000;
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(row.AsSpan());
        void Once(ReadOnlySpan<byte> data)
        {
            call.SetInput(0, Kernel.TensorType.Fp32, [1, 30], data);
            call.Run([], CancellationToken.None);
            call.Reset();
        }
        for (var i = 0; i < 20_000; i++)
            Once(bytes);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < rounds; i++)
            Once(bytes);
        var each = Stopwatch.GetElapsedTime(begun).TotalMicroseconds / rounds;
        Say(string.Create(CultureInfo.InvariantCulture, $"in-process runtime call             {each:0.0} us, {(GC.GetAllocatedBytesForCurrentThread() - allocated) / rounds} B managed"));
    }

    private static string CpuName() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown CPU";
    private static string RuntimeVersion() => System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription;
    internal static void Say(string line) => Console.Out.WriteLine(line);
}
