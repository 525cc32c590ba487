using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Kernel;

namespace Merlon.Admission.Contracts;

/// <summary>The one text form of a contract, and its digest.</summary>
public static class ContractDigest
{
    public static Digest Of(TensorContract contract) => Digest.Of(Serialize(contract));

    public static byte[] Serialize(TensorContract contract) => JsonSerializer.SerializeToUtf8Bytes(contract, ContractJson.Default.TensorContract);

    public static TensorContract Deserialize(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize(utf8, ContractJson.Default.TensorContract) ?? throw new InvalidDataException("The stored contract is empty.");
}

[JsonSerializable(typeof(TensorContract))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class ContractJson : JsonSerializerContext;
