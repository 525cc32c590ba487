using System.Globalization;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;
using Merlon.Scanning.Jinja;

namespace Merlon.Scanning.Gguf;

/// <summary>GGUF versions 2 and 3 in either byte order: key-value pairs, tensor descriptions, aligned data, nothing else.</summary>
internal sealed class GgufScanner : IContentScanner
{
    private const uint TextType = 8, ArrayType = 9;

    /// <summary>Bytes of each value type; 0 for those with a length of their own.</summary>
    private static readonly int[] s_valueSizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    public string Format => "gguf";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => head.StartsWith("GGUF"u8);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            target.Content.Position = 4;
            new GgufFile(target, scan, new GgufReader(target.Content)).Read();
            if (ZipEnding.Is(target.Content))
                throw new MalformedException("gguf.polyglot", "The file ends as a zip archive does.");
        }
        catch (MalformedException e)
        {
            scan.Block(target, e);
        }
    }

    private sealed class GgufFile(ContentTarget target, ContentScan scan, GgufReader reader)
    {
        private uint _alignment = 32;
        private int _templates;

        public void Read()
        {
            var version = reader.UInt32();
            if (version is 0x02000000 or 0x03000000)
            {
                reader.IsBigEndian = true;
                version >>= 24;
            }
            if (version is not 2 and not 3)
                throw new MalformedException("gguf.version", $"The version is {version}; understood are 2 and 3.", 4);
            var tensors = reader.Count(Limits.Tensors, "tensors");
            ReadPairs(reader.Count(Limits.Pairs, "keys"));
            var spans = ReadTensors(tensors);
            CheckData(spans);
        }

        private void ReadPairs(ulong count)
        {
            var keys = new HashSet<string>(StringComparer.Ordinal);
            for (ulong i = 0; i < count; i++)
            {
                var at = reader.Position;
                var key = reader.Text(Limits.KeyBytes);
                if (key.Length == 0 || key.Any(c => c is <= ' ' or > '~'))
                    throw new MalformedException("gguf.malformed", "A key is not a plain name.", at);
                if (!keys.Add(key))
                    throw new MalformedException("gguf.duplicate-key", $"The key '{key}' stands twice.", at);
                var type = reader.UInt32();
                if (type == TextType)
                    JudgeText(key, at, reader.Text(Limits.TextBytes));
                else if (key == "general.alignment")
                    ReadAlignment(type);
                else
                    SkipValue(type, 0, key.Contains("template", StringComparison.OrdinalIgnoreCase));
            }
        }

        private void JudgeText(string key, long at, string text)
        {
            TextRules.JudgeSecrets(target.At(at), text, scan.Findings);
            if (key.Contains("template", StringComparison.OrdinalIgnoreCase))
            {
                JudgeTemplate(key, at, text);
            }
            else if (text.Contains("{%", StringComparison.Ordinal) || text.Contains("{{", StringComparison.Ordinal))
            {
                scan.Findings.Warn("gguf.stray-template", $"The value of '{key}' looks like a template.", target.At(at));
            }
        }

        private void JudgeTemplate(string key, long at, string template)
        {
            if (++_templates > Limits.Templates)
                throw new MalformedException("gguf.bounds", $"There are more than {Limits.Templates} templates.", at);
            TemplateRules.Judge(template, target.Part(key), scan);
        }

        private void ReadAlignment(uint type)
        {
            if (type != 4)
                throw new MalformedException("gguf.alignment", "The alignment is not a 32-bit number.", reader.Position);
            _alignment = reader.UInt32();
            if (_alignment is < 8 or > Limits.Alignment || !uint.IsPow2(_alignment))
                throw new MalformedException("gguf.alignment", $"The alignment is {_alignment}.", reader.Position - 4);
        }

        private void SkipValue(uint type, int depth, bool template)
        {
            if (type >= s_valueSizes.Length)
                throw new MalformedException("gguf.type", $"The value type {type} is not known.", reader.Position - 4);
            if (type == TextType)
            {
                // A list under a template's name holds the names of templates, or templates: both are judged.
                if (template)
                    JudgeTemplate("templates", reader.Position, reader.Text(Limits.TextBytes));
                else
                    reader.SkipText(Limits.TextBytes);
            }
            else if (type == ArrayType)
                SkipArray(depth, template);
            else if (type == 7)
                Boolean();
            else
                reader.Skip(s_valueSizes[type]);
        }

        private void Boolean()
        {
            if (reader.Byte() > 1)
                throw new MalformedException("gguf.malformed", "A truth value is neither 0 nor 1.", reader.Position - 1);
        }

        private void SkipArray(int depth, bool template)
        {
            if (depth == Limits.ArrayDepth)
                throw new MalformedException("gguf.bounds", $"Lists are nested in more than {Limits.ArrayDepth} levels.", reader.Position);
            var type = reader.UInt32();
            var count = reader.Count(Limits.ArrayItems, "items in a list");
            if (type < s_valueSizes.Length && s_valueSizes[type] is > 0 and var size)
            {
                reader.Skip((long)count * size);
                return;
            }
            for (ulong i = 0; i < count; i++)
                SkipValue(type, depth + 1, template);
        }

        private List<(ulong Offset, ulong Size, string Name)> ReadTensors(ulong count)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            var spans = new List<(ulong, ulong, string)>();
            for (ulong i = 0; i < count; i++)
            {
                var at = reader.Position;
                var name = reader.Text(Limits.TensorNameBytes);
                if (!names.Add(name))
                    throw new MalformedException("gguf.duplicate-key", $"The tensor '{name}' stands twice.", at);
                var dimensions = reader.UInt32();
                if (dimensions > Limits.Dimensions)
                    throw new MalformedException("gguf.bounds", $"The tensor '{name}' has {dimensions} dimensions.", at);
                var shape = new ulong[dimensions];
                for (var d = 0; d < dimensions; d++)
                    shape[d] = reader.UInt64();
                var type = reader.UInt32();
                var offset = reader.UInt64();
                spans.Add((offset, GgmlTypes.Size(type, shape, name, at), name));
                if (offset % _alignment != 0)
                    throw new MalformedException("gguf.alignment", $"The tensor '{name}' is at {offset}, which is not aligned to {_alignment}.", at);
            }
            return spans;
        }

        private void CheckData(List<(ulong Offset, ulong Size, string Name)> spans)
        {
            var start = Aligned((ulong)reader.Position);
            var size = (ulong)reader.Length;
            RequireZeros((ulong)reader.Position, Math.Min(start, size));
            spans.Sort();
            ulong end = 0;
            foreach (var (offset, bytes, name) in spans)
            {
                if (start > size || offset > size - start || bytes > size - start - offset)
                    throw new MalformedException("gguf.bounds", $"The tensor '{name}' ends past the file.");
                if (offset < end)
                    throw new MalformedException("gguf.overlap", $"The tensor '{name}' begins before the one ahead of it ends.");
                if (offset > Aligned(end))
                    throw new MalformedException("gguf.hole", string.Create(CultureInfo.InvariantCulture, $"The {offset - end} bytes ahead of '{name}' belong to no tensor."));
                RequireZeros(start + end, start + offset);
                end = offset + bytes;
            }
            if (start < size && size - start > Aligned(end))
                throw new MalformedException("gguf.hole", $"The last {size - start - end} bytes belong to no tensor.");
            RequireZeros(Math.Min(start + end, size), size);
        }

        private ulong Aligned(ulong value) => (value + _alignment - 1) / _alignment * _alignment;

        private void RequireZeros(ulong from, ulong to)
        {
            if (from >= to)
                return;
            var padding = new byte[(int)(to - from)];
            target.Content.Position = (long)from;
            target.Content.ReadExactly(padding);
            if (padding.AsSpan().ContainsAnyExcept((byte)0))
                throw new MalformedException("gguf.hole", "The padding between tensors is not empty.", (long)from);
        }
    }
}
