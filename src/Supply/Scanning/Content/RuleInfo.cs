namespace Merlon.Scanning.Content;

/// <summary>What a rule is, once for all its findings.</summary>
/// <param name="Id">Stable: pipelines and waivers name it.</param>
/// <param name="Title">What it is, in one line.</param>
/// <param name="Why">Why it matters, in one sentence.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="Atlas">MITRE ATLAS technique, such as AML.T0011.000; null when none fits.</param>
/// <param name="Cwe">CWE number, 0 when none fits.</param>
internal sealed record RuleInfo(string Id, string Title, string Why, string Remedy, string? Atlas, int Cwe);
