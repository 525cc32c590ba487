using System.Text.Json;

namespace Merlon.Ledger;

/// <summary>The attributes that single OCSF classes require beyond the base event and the actor.</summary>
internal static class OcsfClassFields
{
    internal static void Write(Utf8JsonWriter writer, SecurityEvent e)
    {
        switch (e.Class)
        {
            case OcsfClass.FileActivity:
                WriteDevice(writer, e);
                WriteFile(writer, e);
                break;
            case OcsfClass.ProcessActivity:
                WriteDevice(writer, e);
                WriteNamed(writer, "process"u8, e);
                break;
            case OcsfClass.VulnerabilityFinding:
                WriteFinding(writer, e);
                WriteVulnerability(writer, e);
                break;
            case OcsfClass.ComplianceFinding:
                WriteFinding(writer, e);
                WriteCompliance(writer, e);
                break;
            case OcsfClass.DetectionFinding:
                WriteFinding(writer, e);
                break;
            case OcsfClass.AccountChange:
                WriteUser(writer, e);
                break;
            case OcsfClass.Authentication:
                WriteUser(writer, e);
                WriteService(writer, e);
                break;
            case OcsfClass.EntityManagement:
                WriteEntity(writer, e);
                break;
            case OcsfClass.ApplicationLifecycle:
                WriteApp(writer, e);
                break;
            case OcsfClass.ApiActivity:
                WriteApi(writer, e);
                WriteSource(writer, e);
                break;
            case OcsfClass.DatastoreActivity:
                WriteSource(writer, e);
                WriteBucket(writer, e);
                break;
            case OcsfClass.RemediationActivity:
                writer.WriteString("command_uid"u8, e.Id);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(e), e.Class, "This OCSF class has no mapping.");
        }
    }

    private static string Name(SecurityEvent e) => e.Resource?.Name ?? e.Operation;

    private static void WriteApi(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("api"u8);
        writer.WriteString("operation"u8, e.Operation);
        writer.WriteStartObject("service"u8);
        writer.WriteString("name"u8, e.Service);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Where a call came from is personal data: in clear there is only whether it is known.</summary>
    private static void WriteSource(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("src_endpoint"u8);
        writer.WriteString("name"u8, e.Personal is null ? "undisclosed"u8 : "sealed"u8);
        writer.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("user"u8);
        writer.WriteString("uid"u8, e.Resource is { Type: "user" or "principal" or "account" } subject ? subject.Name : e.Actor);
        writer.WriteEndObject();
    }

    private static void WriteService(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("service"u8);
        writer.WriteString("name"u8, e.Service);
        writer.WriteEndObject();
    }

    private static void WriteEntity(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("entity"u8);
        writer.WriteString("name"u8, Name(e));
        writer.WriteString("type"u8, e.Resource?.Type ?? "operation");
        writer.WriteEndObject();
    }

    private static void WriteApp(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("app"u8);
        writer.WriteString("name"u8, Name(e));
        writer.WriteString("vendor_name"u8, "Merlon"u8);
        writer.WriteEndObject();
    }

    private static void WriteBucket(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("databucket"u8);
        writer.WriteString("name"u8, Name(e));
        writer.WriteNumber("type_id"u8, 99);
        writer.WriteString("type"u8, e.Resource?.Type ?? "store");
        writer.WriteEndObject();
    }

    private static void WriteDevice(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("device"u8);
        writer.WriteNumber("type_id"u8, 1);
        writer.WriteString("name"u8, e.Service);
        writer.WriteEndObject();
    }

    private static void WriteNamed(Utf8JsonWriter writer, ReadOnlySpan<byte> property, SecurityEvent e)
    {
        writer.WriteStartObject(property);
        writer.WriteString("name"u8, Name(e));
        writer.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("file"u8);
        writer.WriteString("name"u8, Name(e));
        writer.WriteNumber("type_id"u8, 1);
        if (e.Resource?.Digest is { } digest)
        {
            writer.WriteStartArray("hashes"u8);
            writer.WriteStartObject();
            writer.WriteNumber("algorithm_id"u8, 3);
            writer.WriteString("value"u8, digest.Hex);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteFinding(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("finding_info"u8);
        writer.WriteString("uid"u8, e.Id);
        writer.WriteString("title"u8, e.Message ?? e.Operation);
        writer.WriteEndObject();
    }

    private static void WriteVulnerability(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartArray("vulnerabilities"u8);
        writer.WriteStartObject();
        writer.WriteString("title"u8, e.Message ?? e.Operation);
        writer.WriteStartObject("advisory"u8);
        writer.WriteString("uid"u8, e.StatusCode ?? Name(e));
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteCompliance(Utf8JsonWriter writer, SecurityEvent e)
    {
        writer.WriteStartObject("compliance"u8);
        writer.WriteString("control"u8, Name(e));
        writer.WriteNumber("status_id"u8, e.Status == EventStatus.Success ? 1 : 3);
        writer.WriteEndObject();
    }
}
