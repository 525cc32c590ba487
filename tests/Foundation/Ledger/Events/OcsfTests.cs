using System.Text.Json;

namespace Merlon.Ledger.Tests;

public sealed class OcsfTests
{
    public static TheoryData<OcsfClass> Classes => [.. Enum.GetValues<OcsfClass>()];

    [Theory]
    [MemberData(nameof(Classes))]
    public void Encode_EveryClass_HasWhatOcsfRequires(OcsfClass ocsfClass)
    {
        using var table = JsonDocument.Parse(typeof(EventJson).Assembly.GetManifestResourceStream("ocsf-1.8.json")!);
        foreach (var e in new[] { TestLog.Event(1) with { Class = ocsfClass }, TestLog.Event(1) with { Class = ocsfClass, Resource = null, Message = null, Attributes = [] } })
            Assert.Equal([], Missing(e, table.RootElement));
    }

    [Fact]
    public void Missing_PlantedGap_IsNoticed()
    {
        using var table = JsonDocument.Parse(typeof(EventJson).Assembly.GetManifestResourceStream("ocsf-1.8.json")!.ReadToString().Replace("\"command_uid\"", "\"command_uid\", \"nothing\"", StringComparison.Ordinal));
        Assert.Equal(["nothing"], Missing(TestLog.Event(1) with { Class = OcsfClass.RemediationActivity }, table.RootElement));
    }

    [Fact]
    public void Encode_Inference_FollowsTheAiProfile()
    {
        using var json = JsonDocument.Parse(EventJson.Encode(TestLog.Event(1) with { Operation = "inference", Attributes = [("prompt_tokens", 12), ("model", "fraud")] }));
        Assert.Equal("ai_operation", json.RootElement.GetProperty("metadata").GetProperty("profiles")[0].GetString());
        Assert.Equal("fraud", json.RootElement.GetProperty("ai_model").GetProperty("model_name").GetString());
        Assert.Equal(12, json.RootElement.GetProperty("message_context").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public void Encode_HostileTextAndNumbers_IsStillOneJsonObject()
    {
        using var json = JsonDocument.Parse(EventJson.Encode(TestLog.Event(1) with
        {
            Message = "\"}\u0000\n\ud800 lone",
            Attributes = [("a\"b", "\ud800"), ("nan", double.NaN), ("inf", double.PositiveInfinity)],
        }));
        Assert.Equal("NaN", json.RootElement.GetProperty("unmapped").GetProperty("attributes").GetProperty("nan").GetString());
    }

    private static List<string> Missing(SecurityEvent e, JsonElement table)
    {
        using var json = JsonDocument.Parse(EventJson.Encode(e));
        var root = json.RootElement;
        var rules = table.GetProperty("classes").GetProperty(((int)e.Class).ToString(System.Globalization.CultureInfo.InvariantCulture));
        var missing = Names(table.GetProperty("base")).Concat(Names(rules.GetProperty("required"))).Where(name => !root.TryGetProperty(name, out _)).ToList();
        if (rules.TryGetProperty("at_least_one", out var alternatives) && !Names(alternatives).Any(name => root.TryGetProperty(name, out _)))
            missing.Add("one of " + alternatives);
        foreach (var rule in table.GetProperty("objects").EnumerateObject())
        {
            if (root.TryGetProperty(rule.Name, out var value))
                missing.AddRange(Names(rule.Value).Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{rule.Name}.{name}"));
        }
        if (root.GetProperty("type_uid").GetInt64() != (int)e.Class * 100 + e.Activity)
            missing.Add("type_uid = class_uid * 100 + activity_id");
        return missing;
    }

    private static IEnumerable<string> Names(JsonElement array) => array.EnumerateArray().Select(name => name.GetString()!);
}

internal static class StreamText
{
    internal static string ReadToString(this Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
