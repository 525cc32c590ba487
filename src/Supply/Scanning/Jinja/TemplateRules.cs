using System.Globalization;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Jinja;

/// <summary>Judges a chat template: it must parse, and use nothing but what is on the lists.</summary>
internal static class TemplateRules
{
    public static void Judge(string template, string location, ContentScan scan)
    {
        try
        {
            new TemplateParser(new Lexer(template).Read()).Parse();
        }
        catch (MalformedException e)
        {
            scan.Findings.Block(e.Rule, e.Message, string.Create(CultureInfo.InvariantCulture, $"{location}@{e.Offset}"));
        }
    }
}
