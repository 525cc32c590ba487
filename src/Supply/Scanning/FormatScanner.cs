using System.Collections.Immutable;
using System.Globalization;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Declared;
using Merlon.Scanning.Files;
using Merlon.Scanning.Onnx;

namespace Merlon.Scanning;

/// <summary>The scan itself. It parses hostile bytes, so it runs inside the scan worker and nowhere else.</summary>
internal static class FormatScanner
{
    public static ScanReport Scan(ScanRequest request, IArtifactReader artifact)
    {
        var findings = new FindingList();
        var facts = ImmutableDictionary.CreateBuilder<string, string>();
        facts["rules"] = ScanPolicy.RulesOf(request.Policy).ToString();
        if (request.Files.Length > Limits.Files)
        {
            findings.Block("artifact.too-many-files", $"The artifact has {request.Files.Length} files; allowed are {Limits.Files}.");
            return new ScanReport { Findings = findings.ToImmutable(), Facts = facts.ToImmutable() };
        }

        var declared = ReadDeclared(request, artifact, findings);
        var main = FindMain(request.MainFile ?? declared?.Model, request, findings);
        var rules = new OnnxFormatRules(request, findings);
        ModelSignature? signature = null;
        foreach (var file in request.Files.Where(FileRules.IsModel))
        {
            if (ReadModel(file, artifact, findings) is not { } model)
                continue;
            var judged = rules.Judge(file.Path, model);
            if (file.Path != main)
                continue;
            signature = judged;
            AddFacts(facts, model);
        }
        var files = new FileRules(request, artifact, findings);
        foreach (var file in request.Files)
            files.Judge(file, rules.Referenced);
        facts["formats"] = files.Formats;
        return new ScanReport { Findings = findings.ToImmutable(), Signature = signature, MainFile = main, Declared = declared, Facts = facts.ToImmutable() };
    }

    private static string? FindMain(string? named, ScanRequest request, FindingList findings)
    {
        var models = request.Files.Where(FileRules.IsModel).Select(file => file.Path).ToArray();
        var main = named ?? (models.Contains("model.onnx", StringComparer.Ordinal) ? "model.onnx" : models.Length == 1 ? models[0] : null);
        if (main is not null && models.Contains(main, StringComparer.Ordinal))
            return main;
        findings.Block("artifact.no-model", models.Length == 0
            ? "The artifact has no .onnx file."
            : named is not null
                ? $"The model file '{named}' is not among the .onnx files of the artifact."
                : $"The artifact has {models.Length} .onnx files and does not say which is the model.", null, "Name it model.onnx, or say model: FILE in merlon.yaml.");
        return null;
    }

    private static DeclaredContract? ReadDeclared(ScanRequest request, IArtifactReader artifact, FindingList findings)
    {
        if (request.Files.FirstOrDefault(f => f.Path == DeclaredContract.FileName) is not { } file)
            return null;
        using var stream = artifact.OpenFile(file.Path);
        var (contract, problem) = DeclaredContractReader.Read(stream, file.Size);
        if (problem is not null)
            findings.Block(problem.Rule, problem.Message, problem.Location, problem.Remedy);
        return contract;
    }

    private static OnnxModelInfo? ReadModel(ArtifactFile file, IArtifactReader artifact, FindingList findings)
    {
        try
        {
            using var stream = artifact.OpenFile(file.Path);
            return OnnxModelReader.Read(stream);
        }
        catch (OnnxFormatException e)
        {
            findings.Block("onnx.malformed", e.Message, string.Create(CultureInfo.InvariantCulture, $"{file.Path}@{e.Offset}"), "Export the model again.");
            return null;
        }
    }

    private static void AddFacts(ImmutableDictionary<string, string>.Builder facts, OnnxModelInfo model)
    {
        facts["ir_version"] = model.IrVersion.ToString(CultureInfo.InvariantCulture);
        facts["producer"] = Text.Printable(model.Producer, 100);
        facts["opsets"] = string.Join(", ", model.Opsets.Select(opset => $"{(opset.Domain.Length == 0 ? "ai.onnx" : Text.Printable(opset.Domain, 60))} {opset.Version}"));
        facts["operators"] = Text.Printable(string.Join(", ", model.Operators.OrderByDescending(op => op.Count).Select(op => $"{op.Type}×{op.Count}")), 1000);
        facts["nodes"] = model.Nodes.ToString(CultureInfo.InvariantCulture);
        facts["parameters"] = model.Parameters.ToString(CultureInfo.InvariantCulture);
        facts["external_tensors"] = model.ExternalData.Count.ToString(CultureInfo.InvariantCulture);
    }
}
