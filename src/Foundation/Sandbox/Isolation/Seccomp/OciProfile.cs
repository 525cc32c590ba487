using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Merlon.Sandbox.Isolation.Seccomp;

/// <summary>The profile in the form of the OCI runtime specification (linux.seccomp).</summary>
internal static class OciProfile
{
    private const string Allow = "SCMP_ACT_ALLOW", Refuse = "SCMP_ACT_ERRNO";

    public static JsonObject Create(IReadOnlyCollection<SyscallRule> rules)
    {
        var syscalls = new JsonArray
        {
            Rule([.. rules.Where(rule => rule.Values.IsEmpty && rule.Mask == 0 && rule.Errno == 0).Select(rule => rule.Name)], Allow),
        };
        foreach (var rule in rules)
        {
            if (rule.Errno != 0)
            {
                var refused = Rule([rule.Name], Refuse);
                refused["errnoRet"] = rule.Errno;
                syscalls.Add((JsonNode)refused);
            }
            else if (rule.Mask != 0)
            {
                syscalls.Add((JsonNode)Rule([rule.Name], Allow, Argument(rule, "SCMP_CMP_MASKED_EQ", rule.Mask, rule.Mask)));
            }
            // Arguments of one rule are joined by and; one rule for each value makes it or.
            foreach (var value in rule.Values)
                syscalls.Add((JsonNode)Rule([rule.Name], Allow, Argument(rule, "SCMP_CMP_EQ", value, 0)));
        }
        return new JsonObject
        {
            ["defaultAction"] = Refuse,
            ["defaultErrnoRet"] = 1,
            ["architectures"] = new JsonArray(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64"),
            ["syscalls"] = syscalls,
        };
    }

    private static JsonObject Rule(string[] names, string action, JsonObject? argument = null)
    {
        var rule = new JsonObject
        {
            ["names"] = new JsonArray([.. names.Select(name => (JsonNode)name)]),
            ["action"] = action,
        };
        if (argument is not null)
            rule["args"] = new JsonArray(argument);
        return rule;
    }

    private static JsonObject Argument(SyscallRule rule, string op, uint value, uint second) => new()
    {
        ["index"] = rule.Argument,
        ["value"] = value,
        ["valueTwo"] = second,
        ["op"] = op,
    };
}
