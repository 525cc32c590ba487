using System.Diagnostics.CodeAnalysis;

namespace Merlon.Kernel;

/// <summary>Either a value or a <see cref="Merlon.Kernel.Refusal"/>. A broken invariant or an I/O failure throws instead.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;
    private readonly Refusal? _refusal;

    private Result(T? value, Refusal? refusal)
    {
        _value = value;
        _refusal = refusal;
    }

    public bool IsRefused => _refusal is not null;

    public T Value => _refusal is null ? _value! : throw new InvalidOperationException($"Refused: {_refusal.Code}");
    public Refusal Refusal => _refusal ?? throw new InvalidOperationException("Not refused.");

    /// <summary>True with the value, or false with the refusal.</summary>
    public bool Try([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out Refusal? refusal)
    {
        value = _value;
        refusal = _refusal;
        return _refusal is null;
    }

    public static implicit operator Result<T>(T value) => new(value, null);
    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}

/// <summary>The value of an operation that has none.</summary>
public readonly record struct Unit
{
    public static readonly Unit Value;
}
