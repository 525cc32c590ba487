using System.Globalization;
using System.Text;
using System.Text.Json;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Limiting;
using Merlon.Gateway.Parsing;
using Merlon.Gateway.Workers;
using Merlon.Kernel;

namespace Merlon.Gateway.Snapshots;

/// <summary>An endpoint at one revision, with everything that is the same for each of its calls made once.</summary>
internal sealed class EndpointTarget
{
    public EndpointTarget(EndpointRoute route, CompiledContract contract, WorkerLink link, Slots running, int maxConcurrent)
    {
        Route = route;
        Contract = contract;
        Link = link;
        Running = running;
        MaxConcurrent = maxConcurrent;
        Version = route.ModelVersion.ToString(CultureInfo.InvariantCulture);
        var name = JsonEncodedText.Encode(route.Name);
        AnswerHead = Encoding.UTF8.GetBytes($"{{\"model_name\":\"{name}\",\"model_version\":\"{Version}\"");
        Metadata = EndpointMetadata.Write(route, Version);
        Ready = Encoding.UTF8.GetBytes($$"""{"name":"{{name}}","ready":true}""");
        Restrictions = route.Restrictions is { IsNone: false } restrictions ? new EnforcedRestrictions(restrictions) : null;
        Resource = new EventResource("endpoint", route.Name, route.Manifest);
        Facts =
        [
            ("endpoint", route.EndpointId.ToString()),
            ("revision", route.RevisionId.ToString()),
            ("manifest", route.Manifest.ToString()),
            ("contract", route.ContractDigest.ToString()),
            ("policy", route.PolicyDigest.ToString()),
        ];
    }

    public EndpointRoute Route { get; }
    public CompiledContract Contract { get; }
    public WorkerLink Link { get; }

    /// <summary>Running calls of the endpoint, over all its revisions.</summary>
    public Slots Running { get; }
    public int MaxConcurrent { get; }
    public string Version { get; }

    /// <summary>Null for an endpoint that has none.</summary>
    public EnforcedRestrictions? Restrictions { get; }
    public byte[] AnswerHead { get; }
    public byte[] Metadata { get; }
    public byte[] Ready { get; }
    public EventResource Resource { get; }

    /// <summary>What every event of a call to this revision says.</summary>
    public EventAttribute[] Facts { get; }
}

/// <summary>The protocol's model metadata.</summary>
internal static class EndpointMetadata
{
    public static byte[] Write(EndpointRoute route, string version)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, route.Name);
            json.WriteStartArray("versions"u8);
            json.WriteStringValue(version);
            json.WriteEndArray();
            json.WriteString("platform"u8, "onnxruntime_onnx"u8);
            json.WriteStartArray("inputs"u8);
            foreach (var input in route.Contract.Inputs)
                WriteTensor(json, input.Name, input.Type, input.Shape.AsSpan());
            json.WriteEndArray();
            json.WriteStartArray("outputs"u8);
            foreach (var output in route.Contract.Outputs)
                WriteTensor(json, output.Name, output.Type, output.Shape.AsSpan());
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void WriteTensor(Utf8JsonWriter json, string name, TensorType type, ReadOnlySpan<long> shape)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("datatype"u8, type.Name());
        json.WriteStartArray("shape"u8);
        foreach (var dimension in shape)
            json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
