using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Native;

/// <summary>The loaded library: one environment per process, silent, with telemetry off before the first instruction of it runs.</summary>
internal sealed unsafe partial class OrtLibrary
{
    private const string FileName = "libonnxruntime.so.1";
    private const int SeverityFatal = 4;

    private static readonly Lazy<OrtLibrary> s_instance = new(() => new OrtLibrary());

    private OrtLibrary()
    {
        RequireTelemetryOff();
        var path = Path.Combine(AppContext.BaseDirectory, FileName);
        if (!File.Exists(path))
            throw new OnnxException($"{FileName} does not stand beside the program.");
        // By its full path: a library of the same name elsewhere on the machine is never picked up.
        var library = NativeLibrary.Load(path);
        var apiBase = (void**)((delegate* unmanaged<void*>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        var table = (void**)((delegate* unmanaged<uint, void*>)apiBase[0])(OrtApi.Version);
        if (table == null)
            throw new OnnxException($"{FileName} does not know version {OrtApi.Version} of its API.");
        RuntimeVersion = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)apiBase[1])()) ?? "";
        Api = new OrtApi(table);

        nint environment, allocator, memory;
        fixed (byte* id = "merlon"u8)
            Api.Check(Api.CreateEnvWithCustomLogger(&DiscardLog, null, SeverityFatal, id, &environment));
        Api.Check(Api.DisableTelemetryEvents(environment));
        Api.Check(Api.GetAllocatorWithDefaultOptions(&allocator));
        // Arena-independent CPU memory: (OrtDeviceAllocator = 0, OrtMemTypeDefault = 0).
        Api.Check(Api.CreateCpuMemoryInfo(0, 0, &memory));
        (Environment, Allocator, CpuMemory) = (environment, allocator, memory);
    }

    public static OrtLibrary Instance => s_instance.Value;

    public OrtApi Api { get; }
    public string RuntimeVersion { get; }
    public nint Environment { get; }
    public nint Allocator { get; }
    public nint CpuMemory { get; }

    private static void RequireTelemetryOff()
    {
        // The library reads the C environment; .NET's own copy of it, which a program may change, is not what counts.
        if (Marshal.PtrToStringUTF8(GetEnv("ORT_DISABLE_TELEMETRY")) != "1")
            throw new OnnxException("ONNX Runtime is not loaded: ORT_DISABLE_TELEMETRY=1 must stand in the environment when the process starts.");
    }

    // The runtime's messages come back as status texts. Anything else it wants to say would go to stderr with parts of the model in it.
    [UnmanagedCallersOnly(CallConvs = [])]
    private static void DiscardLog(void* parameter, int severity, byte* category, byte* logId, byte* location, byte* message)
    {
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetEnv(string name);
}
