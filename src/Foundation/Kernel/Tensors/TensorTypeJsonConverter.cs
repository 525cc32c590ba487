using System.Text.Json;
using System.Text.Json.Serialization;

namespace Merlon.Kernel;

/// <summary>A tensor type as its Open Inference Protocol name, such as <c>FP32</c>.</summary>
public sealed class TensorTypeJsonConverter : JsonConverter<TensorType>
{
    public override TensorType Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TensorTypes.TryParse(reader.GetString(), out var type)
            ? type
            : throw new JsonException("Not a tensor type.");

    public override void Write(Utf8JsonWriter writer, TensorType value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name());
}
