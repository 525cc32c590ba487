using System.Text.RegularExpressions;

namespace Merlon.Scanning.Files;

/// <summary>Looks into text beside the model for what should not be published with it or would be run by a loader.</summary>
internal static partial class TextRules
{
    public static void JudgeSecrets(string path, string text, FindingList findings)
    {
        foreach (var match in Secret().EnumerateMatches(text))
            findings.Block("file.secret", "The file holds what looks like a secret key.", $"{path}@{match.Index}", "Remove it and revoke the key.");
    }

    [GeneratedRegex(@"^(\(?[ci][A-Za-z_][\w.]*\r?$)|^R\.?$", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    internal static partial Regex PickleCall();

    // Only forms with a fixed beginning and length: whatever else looks random is mostly a digest.
    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bA[KS]IA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{82}\b|\bhf_[A-Za-z0-9]{34}\b"
        + @"|\bxox[abprs]-[A-Za-z0-9-]{20,}|\bAIza[A-Za-z0-9_-]{35}|\bsk_live_[A-Za-z0-9]{24,}|\bsk-(ant-|proj-)[A-Za-z0-9_-]{40,}|\bglpat-[A-Za-z0-9_-]{20}\b"
        + @"|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Secret();
}
