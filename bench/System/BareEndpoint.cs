using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Merlon.Bench.Whole;

/// <summary>
/// What the gateway is measured against: Kestrel with TLS that parses the same JSON and calls the same worker, and asks nothing: no key, no contract,
/// no limits, no evidence.
/// </summary>
internal static class BareEndpoint
{
    /// <param name="args">bare, PFX file, worker socket, manifest digest.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var worker = await WorkerClient.ConnectAsync(args[2], Digest.Parse(args[3]), CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = X509CertificateLoader.LoadPkcs12FromFile(args[1], null);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(certificate)));
        builder.Services.AddRouting();
        await using var app = builder.Build();
        app.MapPost("/infer", context => AnswerAsync(context, worker));
        await app.StartAsync();
        Console.Out.WriteLine(new Uri(app.Urls.First()).Port);
        while (Console.In.ReadLine() is not null)
        {
            // Runs until the parent closes the line.
        }
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context, WorkerClient worker)
    {
        var length = (int)context.Request.ContentLength!.Value;
        var body = ArrayPool<byte>.Shared.Rent(length);
        using var request = new TensorWriter();
        try
        {
            await context.Request.Body.ReadExactlyAsync(body.AsMemory(0, length));
            Parse(body.AsSpan(0, length), request);
            using var answer = await worker.InferAsync(request.Payload, context.RequestAborted);
            context.Response.ContentType = "application/json";
            Write(context.Response.BodyWriter, answer.Payload.Span);
            await context.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private static void Parse(ReadOnlySpan<byte> body, TensorWriter request)
    {
        var reader = new Utf8JsonReader(body);
        Span<float> values = stackalloc float[64];
        var count = 0;
        var inData = false;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
                inData = reader.ValueTextEquals("data"u8);
            else if (inData && reader.TokenType == JsonTokenType.Number)
                values[count++] = reader.GetSingle();
        }
        request.WriteTensor(0, TensorType.Fp32, [1, count], System.Runtime.InteropServices.MemoryMarshal.AsBytes(values[..count]));
        request.WriteOutputs([]);
    }

    private static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> payload)
    {
        var reader = new TensorReader(payload);
        reader.TryNext(out var tensor);
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("outputs");
        json.WriteStartObject();
        json.WriteStartArray("data");
        foreach (var value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.Data))
            json.WriteNumberValue(value);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
