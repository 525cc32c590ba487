using System.Security.Cryptography;
using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Merlon.Admission.Policy;

/// <summary>Reads a policy strictly: an unknown word is an error, never ignored, because a misspelt rule would not be enforced.</summary>
internal static class PolicyReader
{
    /// <summary>Bound on the text of a policy; depth is bounded by <see cref="PlainYaml.MaxDepth"/>.</summary>
    internal const int MaxBytes = 256 * 1024;

    public static string DefaultText { get; } = ReadDefault();

    public static Result<PolicyDocument> Read(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return new Refusal(RefusalKind.TooLarge, "policy.size", $"A policy has at most {MaxBytes} bytes.");
        try
        {
            var document = PlainYaml.Read<PolicyDocument>(text);
            return document is null ? Invalid("it is empty") : Check(document) is { } problem ? Invalid(problem) : document;
        }
        catch (YamlException e)
        {
            return Invalid($"line {e.Start.Line}: {(e.InnerException ?? e).Message.TrimEnd('.')}");
        }
    }

    public static string Write(PolicyDocument document) =>
        new SerializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithDefaultScalarStyle(ScalarStyle.Any)
            .WithTypeConverter(new ChoiceConverter()).ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitNull).DisableAliases().Build().Serialize(document);

    public static Digest DigestOf(string text) => Digest.Of(Encoding.UTF8.GetBytes(text));

    private static string? Check(PolicyDocument document)
    {
        if (document.Version != 1)
            return "version must be 1";
        if (document.Environments.Count == 0)
            return "it names no environment";
        foreach (var (name, environment) in document.Environments)
        {
            if (!Names.IsValid(name))
                return $"'{Text.Printable(name, 63)}' is not a valid environment name";
            if (environment.Integrity != GateMode.Block || environment.Format != GateMode.Block)
                return $"in '{name}' integrity and format must be 'block': they cannot be switched off";
            if (environment.Approvals is < 1 or > 10)
                return $"in '{name}' approvals must be between 1 and 10";
            if (environment.Isolation is not ("full" or "reduced"))
                return $"in '{name}' isolation must be 'full' or 'reduced'";
        }
        return document.TrustedKeys.Select(CheckKey).FirstOrDefault(problem => problem is not null)
            ?? (document.TrustedKeys.DistinctBy(k => k.Name).Count() == document.TrustedKeys.Count ? null : "two trusted keys have the same name")
            ?? CheckScan(document);
    }

    private static string? CheckScan(PolicyDocument document)
    {
        if (document.Scan is not { } scan)
            return null;
        if (scan.SignedBy.Count == 0)
            return "its scan section does not say in signed_by which trusted keys may sign";
        if (scan.SignedBy.FirstOrDefault(name => document.TrustedKeys.TrueForAll(k => k.Name != name)) is { } unknown)
            return $"its scan section names the key '{Text.Printable(unknown, 63)}', which is not among the trusted keys";
        var signers = document.Keys.Where(key => scan.SignedBy.Contains(key.Name, StringComparer.Ordinal)).ToList();
        if (!SignedScanPolicy.Open(Encoding.UTF8.GetBytes(scan.Policy), signers).Try(out var policy, out var refusal))
            return $"its scan policy is refused ({refusal.Code}): {refusal.Detail.TrimEnd('.')}";
        document.ScanPolicy = policy;
        return null;
    }

    private static string? CheckKey(PolicyKey key)
    {
        if (!Names.IsValid(key.Name))
            return $"'{Text.Printable(key.Name, 63)}' is not a valid key name";
        if (key.Pem.Contains("PRIVATE", StringComparison.Ordinal))
            return $"the key '{key.Name}' is a private key; a policy holds public keys only";
        try
        {
            using var parsed = ECDsa.Create();
            parsed.ImportFromPem(key.Pem);
            return parsed.KeySize is 256 or 384 or 521 ? null : $"the key '{key.Name}' is not on P-256, P-384 or P-521";
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return $"the key '{key.Name}' is not a PEM public key on P-256, P-384 or P-521";
        }
    }

    private static Refusal Invalid(string problem) =>
        new(RefusalKind.Invalid, "policy.invalid", $"The policy is not valid: {problem}.") { Remedy = "The policy in force is unchanged." };

    private static string ReadDefault()
    {
        var assembly = typeof(PolicyReader).Assembly;
        var name = assembly.GetManifestResourceNames().Single(n => n.EndsWith("default-policy.yaml", StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Writes choices in lower case, as people write them.</summary>
    private sealed class ChoiceConverter : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type.IsEnum;

        public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer) => throw new NotSupportedException();

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
            emitter.Emit(new Scalar(value!.ToString()!.ToLowerInvariant()));
    }
}
