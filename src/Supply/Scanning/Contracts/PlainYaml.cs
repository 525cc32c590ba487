using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Merlon.Scanning.Contracts;

/// <summary>
/// YAML reduced to what can be read safely: no anchors (they can blow a small text up), no tags (they can name types), no key without a value (it
/// would replace a default by nothing), bounded depth. A choice is one of its names in lower case, never a number or a list of names.
/// </summary>
public static class PlainYaml
{
    public const int MaxDepth = 8;

    /// <summary>Reads strictly: an unknown or doubled key is an error. Null for an empty text.</summary>
    /// <exception cref="YamlException">Not plain YAML of this shape; the message says where.</exception>
    public static T? Read<T>(string text)
        where T : class
    {
        RequirePlain(text);
        return new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithDuplicateKeyChecking()
            .WithTypeConverter(new ChoiceConverter()).Build().Deserialize<T?>(text);
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
                case Scalar { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" } nothing:
                    throw new YamlException(nothing.Start, nothing.End, "a value is missing");
                case MappingStart or SequenceStart when ++depth > MaxDepth:
                    throw new YamlException(parser.Current.Start, parser.Current.End, $"nested deeper than {MaxDepth} levels");
                case MappingEnd or SequenceEnd:
                    depth--;
                    break;
            }
        }
    }

    private sealed class ChoiceConverter : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type.IsEnum;

        public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
        {
            var scalar = parser.Consume<Scalar>();
            var name = Enum.GetNames(type).FirstOrDefault(n => string.Equals(n.ToLowerInvariant(), scalar.Value, StringComparison.Ordinal));
            return name is null
                ? throw new YamlException(scalar.Start, scalar.End, $"expected one of: {string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()}")
                : Enum.Parse(type, name);
        }

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) => throw new NotSupportedException("Plain YAML is only read.");
    }
}
