using System.Runtime.InteropServices;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Native;

/// <summary>Makes a native session from memory: no path is ever given to the runtime, so it has nothing to open.</summary>
internal static unsafe class SessionFactory
{
    private const int AllOptimizations = 99;

    public static SessionHandle Create(ReadOnlySpan<byte> model, ReadOnlySpan<ExternalFile> files, OnnxSessionOptions options)
    {
        var library = OrtLibrary.Instance;
        var api = library.Api;
        nint native;
        api.Check(api.CreateSessionOptions(&native));
        try
        {
            api.Check(api.SetSessionLogSeverityLevel(native, 4));
            api.Check(api.SetSessionGraphOptimizationLevel(native, AllOptimizations));
            api.Check(api.SetIntraOpNumThreads(native, options.IntraOpThreads));
            api.Check(api.SetInterOpNumThreads(native, options.InterOpThreads));
            api.Check(api.SetSessionExecutionMode(native, options.InterOpThreads > 1 ? 1 : 0));
            // Spinning threads would burn the cgroup's CPU share between two calls.
            Configure(api, native, "session.intra_op.allow_spinning\0"u8, "0\0"u8);
            Configure(api, native, "session.inter_op.allow_spinning\0"u8, "0\0"u8);
            AddFiles(api, native, files);
            nint session;
            fixed (byte* bytes = model)
                api.Check(api.CreateSessionFromArray(library.Environment, bytes, (nuint)model.Length, native, &session));
            return new SessionHandle(session);
        }
        finally
        {
            api.ReleaseSessionOptions(native);
        }
    }

    private static void Configure(OrtApi api, nint options, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key, v = value)
            api.Check(api.AddSessionConfigEntry(options, k, v));
    }

    private static void AddFiles(OrtApi api, nint options, ReadOnlySpan<ExternalFile> files)
    {
        if (files.IsEmpty)
            return;
        var names = (byte**)NativeMemory.AllocZeroed((nuint)files.Length, (nuint)sizeof(byte*));
        var buffers = stackalloc byte*[files.Length];
        var lengths = stackalloc nuint[files.Length];
        try
        {
            for (var i = 0; i < files.Length; i++)
            {
                names[i] = (byte*)Marshal.StringToCoTaskMemUTF8(files[i].Location);
                buffers[i] = (byte*)files[i].Address;
                lengths[i] = (nuint)files[i].Length;
            }
            api.Check(api.AddExternalInitializersFromFilesInMemory(options, names, buffers, lengths, (nuint)files.Length));
        }
        finally
        {
            for (var i = 0; i < files.Length; i++)
                Marshal.FreeCoTaskMem((nint)names[i]);
            NativeMemory.Free(names);
        }
    }
}
