using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Kernel;

namespace Merlon.Gateway.Contracts;

/// <summary>The snapshot's one JSON form, for the side that signs it and the side that reads it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    NumberHandling = JsonNumberHandling.Strict,
    MaxDepth = 16,
    Converters = [typeof(TensorTypeJsonConverter)])]
[JsonSerializable(typeof(GatewaySnapshot))]
public sealed partial class GatewaySnapshotJson : JsonSerializerContext
{
    public static byte[] Write(GatewaySnapshot snapshot) => JsonSerializer.SerializeToUtf8Bytes(snapshot, Default.GatewaySnapshot);

    /// <summary>The snapshot, or a refusal that says where the text is wrong.</summary>
    public static Result<GatewaySnapshot> Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonSerializer.Deserialize(utf8, Default.GatewaySnapshot) is { } snapshot
                ? snapshot
                : new Refusal(RefusalKind.Invalid, "snapshot.json", "The snapshot is null.");
        }
        catch (JsonException e)
        {
            return new Refusal(RefusalKind.Invalid, "snapshot.json", $"The snapshot is not valid JSON at '{Text.Printable(e.Path, 80)}'.");
        }
    }
}
