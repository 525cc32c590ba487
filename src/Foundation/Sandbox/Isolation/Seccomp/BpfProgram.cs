using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Merlon.Sandbox.Isolation.Seccomp;

/// <summary>
/// Assembles a profile into the classic BPF that the kernel runs on every system call (struct sock_filter: u16 code, u8 jt, u8 jf, u32 k;
/// struct seccomp_data: nr at 0, arch at 4, arguments from 16, 8 bytes each).
/// </summary>
internal sealed class BpfProgram
{
    private const ushort LoadWord = 0x20, JumpEqual = 0x15, JumpAtLeast = 0x35, JumpSet = 0x45, Return = 0x06;
    private const uint Allow = 0x7FFF0000, KillProcess = 0x80000000, Errno = 0x00050000;
    private const int EPERM = 1;
    private const uint NumberOffset = 0, ArchitectureOffset = 4, ArgumentsOffset = 16;

    /// <summary>First number of the x32 calls, which would pass a filter that looks at x64 numbers only.</summary>
    private const uint FirstX32 = 0x40000000;

    private readonly List<byte> _code = [];

    /// <summary>Instructions as the kernel takes them, 8 bytes each.</summary>
    public byte[] ToArray() => [.. _code];

    /// <summary>Deny by default: only what <paramref name="rules"/> say goes through.</summary>
    public static BpfProgram AllowOnly(IEnumerable<SyscallRule> rules)
    {
        var program = Start();
        foreach (var rule in rules)
            program.Add(rule);
        program.Emit(Return, 0, 0, Errno | EPERM);
        return program;
    }

    /// <summary>A further filter on top: these calls answer EPERM, the filters below decide the rest.</summary>
    public static BpfProgram Refuse(IEnumerable<int> numbers)
    {
        var program = Start();
        foreach (var number in numbers)
        {
            program.Emit(JumpEqual, 0, 1, (uint)number);
            program.Emit(Return, 0, 0, Errno | EPERM);
        }
        program.Emit(Return, 0, 0, Allow);
        return program;
    }

    private static BpfProgram Start()
    {
        var program = new BpfProgram();
        program.Emit(LoadWord, 0, 0, ArchitectureOffset);
        program.Emit(JumpEqual, 1, 0, RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 0xC000003E : 0xC00000B7);
        program.Emit(Return, 0, 0, KillProcess);
        program.Emit(LoadWord, 0, 0, NumberOffset);
        program.Emit(JumpAtLeast, 0, 1, FirstX32);
        program.Emit(Return, 0, 0, Errno | EPERM);
        return program;
    }

    private void Add(SyscallRule rule)
    {
        if (rule.Values.IsEmpty && rule.Mask == 0)
        {
            Emit(JumpEqual, 0, 1, (uint)rule.Number);
            Emit(Return, 0, 0, rule.Errno == 0 ? Allow : Errno | (uint)rule.Errno);
            return;
        }
        var low = ArgumentsOffset + 8 * (uint)rule.Argument;
        if (rule.Mask != 0)
        {
            Emit(JumpEqual, 0, 4, (uint)rule.Number);
            Emit(LoadWord, 0, 0, low);
            Emit(JumpSet, 0, 1, rule.Mask);
            Emit(Return, 0, 0, Allow);
            Emit(Return, 0, 0, Errno | EPERM);
            return;
        }
        // All 64 bits are compared: the upper half first.
        var count = rule.Values.Length;
        Emit(JumpEqual, 0, (byte)(count + 5), (uint)rule.Number);
        Emit(LoadWord, 0, 0, low + 4);
        Emit(JumpEqual, 0, (byte)(count + 1), 0);
        Emit(LoadWord, 0, 0, low);
        for (var i = 0; i < count; i++)
            Emit(JumpEqual, (byte)(count - i), 0, rule.Values[i]);
        Emit(Return, 0, 0, Errno | EPERM);
        Emit(Return, 0, 0, Allow);
    }

    private void Emit(ushort code, byte ifTrue, byte ifFalse, uint constant)
    {
        Span<byte> instruction = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
        instruction[2] = ifTrue;
        instruction[3] = ifFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], constant);
        _code.AddRange(instruction);
    }
}
