using System.Collections.Immutable;
using System.Text;
using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Pickle;
using YamlDotNet.Core;

namespace Merlon.Scanning.Policy;

/// <summary>Reads a scan policy. One mistake refuses all of it: half a policy is not what was signed.</summary>
internal static class ScanPolicyReader
{
    /// <summary>Rules whose findings are never excused: what a loader would run is opened by names alone, and a scan that did not end says nothing.</summary>
    private static readonly string[] s_never =
        ["scan.", "artifact.", "pickle.", "joblib.", "onnx.", "file.pickle", "numpy.dtype", "keras.lambda", "tensorflow.python-operation", "template.attribute", "text.yaml-tag"];

    private sealed class Document
    {
        public int Version { get; set; }
        public string Name { get; set; } = "";
        public List<Names> Names { get; set; } = [];
        public List<Change> Suppress { get; set; } = [];
        public List<Change> Raise { get; set; } = [];
    }

    internal enum Use
    {
        Refer,
        Call,
    }

    private sealed class Names
    {
        public string Library { get; set; } = "";
        public string Versions { get; set; } = "";
        public string Reason { get; set; } = "";
        public Use Use { get; set; } = Use.Refer;
        public string Module { get; set; } = "";
        public List<string> Allow { get; set; } = [];
    }

    private sealed class Change
    {
        public string Rule { get; set; } = "";
        public string? Path { get; set; }
        public string Reason { get; set; } = "";
    }

    public static Result<ScanPolicy> Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Limits.Bytes)
            return new Refusal(RefusalKind.TooLarge, "scan-policy.size", $"A scan policy has at most {Limits.Bytes} bytes.");
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            return Invalid("it is not UTF-8 text");
        try
        {
            var document = PlainYaml.Read<Document>(Encoding.UTF8.GetString(utf8));
            if (document is null)
                return Invalid("it is empty");
            return Check(document) is { } problem ? Invalid(problem) : Make(document, Digest.Of(utf8));
        }
        catch (YamlException e)
        {
            return Invalid($"line {e.Start.Line}: {(e.InnerException ?? e).Message.TrimEnd('.')}");
        }
    }

    private static ScanPolicy Make(Document document, Digest digest) => new()
    {
        Digest = digest,
        Name = document.Name,
        Names = [.. document.Names.SelectMany(group => group.Allow.Select(name => new PolicyName(group.Module, name, group.Use == Use.Call, group.Library, group.Versions, group.Reason)))],
        Suppress = Changes(document.Suppress),
        Raise = Changes(document.Raise),
    };

    private static ImmutableArray<RuleChange> Changes(List<Change> changes) => [.. changes.Select(change => new RuleChange(change.Rule, change.Path, change.Reason))];

    private static string? Check(Document document)
    {
        if (document.Version != 1)
            return "version must be 1";
        if (!Kernel.Names.IsValid(document.Name))
            return "it has no valid name";
        if (document.Names.Sum(group => (long)group.Allow.Count) > Limits.Names || document.Suppress.Count + document.Raise.Count > Limits.Changes)
            return $"it has more than {Limits.Names} names or {Limits.Changes} changes of rules";
        var all = document.Names.SelectMany(group => group.Allow.Select(name => (group.Module, name))).ToList();
        if (all.Count != all.Distinct().Count())
            return "it allows a name twice";
        return document.Names.Select(CheckNames).FirstOrDefault(problem => problem is not null)
            ?? document.Suppress.Select(change => CheckChange(change, suppresses: true)).FirstOrDefault(problem => problem is not null)
            ?? document.Raise.Select(change => CheckChange(change, suppresses: false)).FirstOrDefault(problem => problem is not null)
            ?? (document.Suppress.Select(change => change.Rule).Intersect(document.Raise.Select(change => change.Rule), StringComparer.Ordinal).FirstOrDefault() is { } both
                ? $"it both suppresses and raises the rule '{both}'" : null);
    }

    private static string? CheckNames(Names group)
    {
        if (!IsText(group.Library) || !IsText(group.Versions) || !IsText(group.Reason))
            return $"the names of '{Text.Printable(group.Module, 80)}' need a library, versions and a reason";
        if (group.Allow.Count == 0)
            return $"'{Text.Printable(group.Module, 80)}' allows no name";
        foreach (var name in group.Allow)
        {
            var full = Text.Printable($"{group.Module}.{name}", 120);
            if (NeverNames.Refuse(group.Module, name) is { } never)
                return $"it allows '{full}', but {never}";
            if (PickleNames.Find(group.Module, name) is not null)
                return $"'{full}' is a name of Merlon's own list, which a policy cannot change";
        }
        return null;
    }

    private static string? CheckChange(Change change, bool suppresses)
    {
        var rule = Text.Printable(change.Rule, 80);
        if (RuleCatalog.Find(change.Rule) is null)
            return $"there is no rule '{rule}'";
        if (!IsText(change.Reason))
            return $"the change of the rule '{rule}' needs a reason";
        if (suppresses && s_never.Any(never => never.EndsWith('.') ? change.Rule.StartsWith(never, StringComparison.Ordinal) : change.Rule == never))
            return $"the rule '{rule}' can never be suppressed";
        return change.Path is null || IsPath(change.Path) ? null : $"the path of the rule '{rule}' is not a plain relative path";
    }

    private static bool IsText(string text) => text.Trim().Length > 0 && text.Length <= Limits.TextLength && !text.Any(char.IsControl);

    private static bool IsPath(string path) => IsText(path) && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static Refusal Invalid(string problem) => new(RefusalKind.Invalid, "scan-policy.invalid", $"The scan policy is not valid: {problem}.");
}
