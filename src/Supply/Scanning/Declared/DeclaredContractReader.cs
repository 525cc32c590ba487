using System.Text;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using YamlDotNet.Core;

namespace Merlon.Scanning.Declared;

/// <summary>Reads <c>merlon.yaml</c>. Runs in the scan worker only: the file comes with the artifact and may be hostile.</summary>
internal static class DeclaredContractReader
{
    /// <summary>The contract, or the finding that says why it cannot be used.</summary>
    public static (DeclaredContract? Contract, Finding? Problem) Read(Stream stream, long size)
    {
        if (size > Limits.MaxBytes)
            return (null, Problem($"it is larger than {Limits.MaxBytes} bytes"));
        try
        {
            var bytes = new byte[size];
            stream.ReadExactly(bytes);
            var contract = PlainYaml.Read<DeclaredContract>(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
            if (contract is null)
                return (null, Problem("it is empty"));
            return Check(contract) is { } problem ? (null, Problem(problem)) : (contract, null);
        }
        catch (YamlException e)
        {
            return (null, Problem($"line {e.Start.Line}: {Text.Printable((e.InnerException ?? e).Message, 200).TrimEnd('.')}"));
        }
        catch (DecoderFallbackException)
        {
            return (null, Problem("it is not UTF-8"));
        }
    }

    private static string? Check(DeclaredContract contract)
    {
        if (contract.Version != 1)
            return "version must be 1";
        if (contract.Inputs.Count > Limits.MaxInputs)
            return $"it has more than {Limits.MaxInputs} inputs";
        if (contract.MaxBatch is < 1 or > Limits.MaxBatch)
            return $"max_batch must be between 1 and {Limits.MaxBatch}";
        if (contract.MaxBodyBytes is < 1024 or > Limits.MaxBodyBytes)
            return $"max_body_bytes must be between 1024 and {Limits.MaxBodyBytes}";
        if (contract.Inputs.DistinctBy(i => i.Name, StringComparer.Ordinal).Count() != contract.Inputs.Count)
            return "an input is listed twice";
        return contract.Inputs.Select(Check).FirstOrDefault(problem => problem is not null);
    }

    private static string? Check(DeclaredInput input)
    {
        var name = Text.Printable(input.Name, 80);
        if (input.Name.Length is 0 or > 256)
            return "an input has no name, or one over 256 characters";
        if (input.Shape?.Count > Limits.MaxRank)
            return $"the shape of '{name}' has more than {Limits.MaxRank} dimensions";
        if (input.Columns.Count > Limits.MaxColumns || input.Categories.Count > Limits.MaxCategories)
            return $"the input '{name}' has too many columns or categories";
        if (input.MaxElementBytes is < 1 or > Limits.MaxElementBytes)
            return $"max_element_bytes of '{name}' must be between 1 and {Limits.MaxElementBytes}";
        if (!IsRange(input.Min, input.Max) || input.Columns.Exists(c => !IsRange(c.Min, c.Max)))
            return $"a range of '{name}' is not a number, or its min is above its max";
        return input.Columns.Count > 0 && (input.Min is not null || input.Max is not null)
            ? $"the input '{name}' has a range of its own and columns; use one of the two"
            : null;
    }

    private static bool IsRange(double? minimum, double? maximum) =>
        !double.IsNaN(minimum ?? 0) && !double.IsNaN(maximum ?? 0) && (minimum is null || maximum is null || minimum <= maximum);

    private static Finding Problem(string problem) =>
        new("contract.invalid", Verdict.Block, $"The contract cannot be used: {problem}.", DeclaredContract.FileName, "Correct merlon.yaml and push again.");
}
