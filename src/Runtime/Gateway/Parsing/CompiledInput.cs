using System.Collections.Immutable;
using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>One input of a contract. Bounds stand per column, in the type in which they are compared, so that integers beyond 2^53 compare exactly.</summary>
internal sealed class CompiledInput
{
    private readonly byte[][] _categories;

    private CompiledInput(InputTensor input, int index)
    {
        Name = input.Name;
        NameUtf8 = Encoding.UTF8.GetBytes(input.Name);
        Type = input.Type;
        Shape = [.. input.Shape];
        Index = index;
        AllowNonFinite = input.AllowNonFinite;
        MaxElementBytes = input.MaxElementBytes;
        ColumnNames = [.. input.Columns.Select(c => c.Name)];
        _categories = [.. input.Categories.Select(Encoding.UTF8.GetBytes).Order(BytesOrder.Instance)];

        var bounds = input.Columns.Length > 0
            ? input.Columns.Select(c => (c.Minimum, c.Maximum)).ToArray()
            : [(input.Minimum, input.Maximum)];
        HasBounds = bounds.Any(b => b.Minimum is not null || b.Maximum is not null);
        Floating = new Bounds<double>(
            [.. bounds.Select(b => b.Minimum ?? double.NegativeInfinity)], [.. bounds.Select(b => b.Maximum ?? double.PositiveInfinity)]);
        // An integer is at least the bound exactly when it is at least the bound rounded up; conversions to integer types saturate.
        Signed = new Bounds<long>(
            [.. bounds.Select(b => (long)Math.Ceiling(b.Minimum ?? long.MinValue))], [.. bounds.Select(b => b.Maximum is { } m ? (long)Math.Floor(m) : long.MaxValue)]);
        Unsigned = new Bounds<ulong>(
            [.. bounds.Select(b => (ulong)Math.Ceiling(Math.Max(b.Minimum ?? 0, 0)))],
            [.. bounds.Select(b => b.Maximum is { } m ? (ulong)Math.Floor(Math.Max(m, 0)) : ulong.MaxValue)]);
    }

    public string Name { get; }
    public byte[] NameUtf8 { get; }
    public TensorType Type { get; }
    public long[] Shape { get; }
    public int Index { get; }
    public bool AllowNonFinite { get; }
    public int MaxElementBytes { get; }
    public string[] ColumnNames { get; }
    public bool HasBounds { get; }
    public Bounds<double> Floating { get; }
    public Bounds<long> Signed { get; }
    public Bounds<ulong> Unsigned { get; }
    public bool IsBatched => Shape.Length > 0 && Shape[0] == -1;
    public bool HasCategories => _categories.Length > 0;

    public bool IsCategory(ReadOnlySpan<byte> value)
    {
        int low = 0, high = _categories.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = value.SequenceCompareTo(_categories[middle]);
            if (order == 0)
                return true;
            if (order < 0)
                high = middle - 1;
            else
                low = middle + 1;
        }
        return false;
    }

    public static Result<CompiledInput> Compile(InputTensor input, int index)
    {
        if (CompiledContract.CheckShape("input", input.Name, input.Type, input.Shape) is { } shape)
            return shape;
        var name = Text.Printable(input.Name, Limits.MaxQuoted);
        if (input.MaxElementBytes is < 0 or > Limits.MaxElementBytes)
            return CompiledContract.Broken($"The input '{name}' allows elements of {input.MaxElementBytes} bytes; the bound is {Limits.MaxElementBytes}.");
        if (input.Categories.Length > Limits.MaxColumns || input.Columns.Length > Limits.MaxColumns)
            return CompiledContract.Broken($"The input '{name}' has more than {Limits.MaxColumns} columns or categories.");
        if (input.Columns.Length > 0 && (input.Shape.Length == 0 || input.Shape[^1] != input.Columns.Length))
            return CompiledContract.Broken($"The input '{name}' has bounds for {input.Columns.Length} columns, which is not its last dimension.");
        if (input.Categories.Length > 0 && input.Type != TensorType.Bytes)
            return CompiledContract.Broken($"The input '{name}' has categories but is not BYTES.");
        var bounded = Bounded(input.Minimum, input.Maximum) || input.Columns.Any(c => Bounded(c.Minimum, c.Maximum));
        if (bounded && input.Type is TensorType.Bytes or TensorType.Bool)
            return CompiledContract.Broken($"The input '{name}' has numeric bounds but is {input.Type.Name()}.");
        if (Empty(input.Minimum, input.Maximum) || input.Columns.Any(c => Empty(c.Minimum, c.Maximum)))
            return CompiledContract.Broken($"The input '{name}' has bounds that are not finite or that no value can meet.");
        return new CompiledInput(input, index);
    }

    private static bool Bounded(double? minimum, double? maximum) => minimum is not null || maximum is not null;

    // Bounds that are not finite bound nothing, and JSON, as which contracts are kept and sent, has no number for them.
    private static bool Empty(double? minimum, double? maximum) =>
        minimum is { } a && !double.IsFinite(a) || maximum is { } b && !double.IsFinite(b) || minimum > maximum;

    private sealed class BytesOrder : IComparer<byte[]>
    {
        public static readonly BytesOrder Instance = new();
        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

/// <summary>Inclusive bounds per column; one entry when they hold for all.</summary>
internal readonly record struct Bounds<T>(T[] Minimum, T[] Maximum) where T : struct, IComparable<T>
{
    public int Columns => Minimum.Length;
}
