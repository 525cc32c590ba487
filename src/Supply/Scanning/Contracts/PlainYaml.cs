using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Merlon.Scanning.Contracts;

/// <summary>YAML reduced to what can be read safely: no anchors (they can blow a small text up), no tags (they can name types), bounded depth.</summary>
public static class PlainYaml
{
    public const int MaxDepth = 8;

    /// <summary>Reads strictly: an unknown or doubled key is an error. Null for an empty text.</summary>
    /// <exception cref="YamlException">Not plain YAML of this shape; the message says where.</exception>
    public static T? Read<T>(string text)
        where T : class
    {
        RequirePlain(text);
        return new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithDuplicateKeyChecking().Build().Deserialize<T?>(text);
    }

    // The reader that makes objects is recursive, so depth is bounded by this iterative pass before it.
    private static void RequirePlain(string text)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case AnchorAlias alias:
                    throw new YamlException(alias.Start, alias.End, "anchors are not allowed");
                case NodeEvent { Anchor.IsEmpty: false } node:
                    throw new YamlException(node.Start, node.End, "anchors are not allowed");
                case NodeEvent { Tag.IsEmpty: false } node:
                    throw new YamlException(node.Start, node.End, "tags are not allowed");
                case MappingStart or SequenceStart when ++depth > MaxDepth:
                    throw new YamlException(parser.Current.Start, parser.Current.End, $"nested deeper than {MaxDepth} levels");
                case MappingEnd or SequenceEnd:
                    depth--;
                    break;
            }
        }
    }
}
