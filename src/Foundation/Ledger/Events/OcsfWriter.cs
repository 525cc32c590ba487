using System.Globalization;
using System.Text.Json;

namespace Merlon.Ledger;

/// <summary>Maps one event to OCSF 1.8: first what every class has, then what this class requires, then the rest under <c>unmapped</c>.</summary>
internal static class OcsfWriter
{
    internal const string SchemaVersion = "1.8.0";
    private static readonly string s_productVersion = typeof(OcsfWriter).Assembly.GetName().Version?.ToString(3) ?? "0";

    // Names of attributes that the ai_operation profile has a place for.
    private const string Model = "model", ModelVersion = "model_version", PromptTokens = "prompt_tokens", CompletionTokens = "completion_tokens", TotalTokens = "total_tokens";

    internal static void Write(Utf8JsonWriter writer, SecurityEvent e, ReadOnlySpan<byte> sealedPersonal)
    {
        var classUid = (int)e.Class;
        var ai = IsInference(e);
        writer.WriteStartObject();
        WriteMetadata(writer, e, ai);
        writer.WriteNumber("time"u8, e.Time.ToUnixTimeMilliseconds());
        writer.WriteNumber("category_uid"u8, classUid / 1000);
        writer.WriteNumber("class_uid"u8, classUid);
        writer.WriteNumber("activity_id"u8, e.Activity);
        writer.WriteNumber("type_uid"u8, classUid * 100L + e.Activity);
        writer.WriteNumber("severity_id"u8, (int)e.Severity);
        writer.WriteNumber("status_id"u8, StatusId(e));
        writer.WriteStartObject("actor"u8);
        writer.WriteStartObject("user"u8);
        writer.WriteString("uid"u8, e.Actor);
        writer.WriteEndObject();
        writer.WriteEndObject();
        OcsfClassFields.Write(writer, e);
        if (ai)
            WriteModel(writer, e);
        if (e.Resource is { } resource)
            WriteResource(writer, resource);
        if (e.Message is not null)
            writer.WriteString("message"u8, e.Message);
        if (e.StatusCode is not null)
            writer.WriteString("status_code"u8, e.StatusCode);
        if (e.Duration is { } duration)
            writer.WriteNumber("duration"u8, (long)duration.TotalMilliseconds);
        WriteUnmapped(writer, e, sealedPersonal);
        writer.WriteEndObject();
    }

    private static bool IsInference(SecurityEvent e) =>
        e.Class == OcsfClass.ApiActivity && (e.Operation.StartsWith("inference", StringComparison.Ordinal) || e.Operation.StartsWith("chat", StringComparison.Ordinal));

    /// <summary>A finding's status says how far its review is; every other status says whether the operation succeeded.</summary>
    private static int StatusId(SecurityEvent e) => (int)e.Class / 1000 == 2
        ? e.Activity switch { 2 => 2, 3 => 4, _ => 1 }
        : (int)e.Status;

    private static void WriteMetadata(Utf8JsonWriter writer, SecurityEvent e, bool ai)
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("version"u8, SchemaVersion);
        writer.WriteString("uid"u8, e.Id);
        writer.WriteString("tenant_uid"u8, e.Scope.Organisation);
        writer.WriteString("log_name"u8, e.Service);
        writer.WriteStartObject("product"u8);
        writer.WriteString("name"u8, "Merlon"u8);
        writer.WriteString("vendor_name"u8, "Merlon"u8);
        writer.WriteString("version"u8, s_productVersion);
        writer.WriteEndObject();
        if (ai)
        {
            writer.WriteStartArray("profiles"u8);
            writer.WriteStringValue("ai_operation"u8);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("ai_model"u8);
        writer.WriteString("model_name"u8, Find(e, Model)?.Text ?? e.Resource?.Name ?? "unknown");
        writer.WriteString("ai_provider"u8, "Internal"u8);
        if (Find(e, ModelVersion) is { } version)
            writer.WriteString("version"u8, version.Text ?? version.Number.ToString(CultureInfo.InvariantCulture));
        if (e.Resource?.Digest is { } digest)
            WriteDigest(writer, "uid"u8, digest);
        writer.WriteEndObject();
        writer.WriteStartObject("message_context"u8);
        writer.WriteString("service"u8, e.Service);
        WriteCount(writer, e, PromptTokens);
        WriteCount(writer, e, CompletionTokens);
        WriteCount(writer, e, TotalTokens);
        writer.WriteEndObject();
    }

    private static void WriteCount(Utf8JsonWriter writer, SecurityEvent e, string name)
    {
        if (Find(e, name) is { Text: null } count && double.IsFinite(count.Number))
            writer.WriteNumber(name, (long)count.Number);
    }

    private static EventAttribute? Find(SecurityEvent e, string name)
    {
        for (var i = 0; i < e.Attributes.Count; i++)
        {
            if (string.Equals(e.Attributes[i].Name, name, StringComparison.Ordinal))
                return e.Attributes[i];
        }
        return null;
    }

    private static void WriteResource(Utf8JsonWriter writer, EventResource resource)
    {
        writer.WriteStartArray("resources"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, resource.Type);
        writer.WriteString("name"u8, resource.Name);
        if (resource.Digest is { } digest)
            WriteDigest(writer, "uid"u8, digest);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteUnmapped(Utf8JsonWriter writer, SecurityEvent e, ReadOnlySpan<byte> sealedPersonal)
    {
        writer.WriteStartObject("unmapped"u8);
        writer.WriteString("operation"u8, e.Operation);
        writer.WriteString("project"u8, e.Scope.Project);
        if (e.Attributes.Count > 0)
        {
            writer.WriteStartObject("attributes"u8);
            for (var i = 0; i < e.Attributes.Count; i++)
                WriteAttribute(writer, e.Attributes[i]);
            writer.WriteEndObject();
        }
        if (e.Personal is { } personal && !sealedPersonal.IsEmpty)
        {
            writer.WriteStartObject("personal"u8);
            writer.WriteString("subject"u8, personal.Subject);
            writer.WriteBase64String("sealed"u8, sealedPersonal);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteAttribute(Utf8JsonWriter writer, EventAttribute attribute)
    {
        if (attribute.Text is not null)
            writer.WriteString(attribute.Name, attribute.Text);
        else if (double.IsFinite(attribute.Number))
            writer.WriteNumber(attribute.Name, attribute.Number);
        else
            writer.WriteString(attribute.Name, attribute.Number.ToString(CultureInfo.InvariantCulture));
    }

    internal static void WriteDigest(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        Span<byte> text = stackalloc byte[7 + 2 * Digest.Size];
        digest.CopyTo(bytes);
        "sha256:"u8.CopyTo(text);
        Convert.TryToHexStringLower(bytes, text[7..], out _);
        writer.WriteString(name, text);
    }
}
