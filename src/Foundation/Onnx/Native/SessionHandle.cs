using System.Runtime.InteropServices;

namespace Merlon.Onnx.Native;

/// <summary>A native session. Every running call holds a reference, so it is released after the last one and never under it.</summary>
internal sealed class SessionHandle : SafeHandle
{
    private readonly ManualResetEventSlim _released = new(false);

    public SessionHandle(nint session) : base(0, ownsHandle: true) => SetHandle(session);

    public override bool IsInvalid => handle == 0;

    /// <summary>Refuses new calls and returns when the running ones have ended and the memory is free.</summary>
    public void DisposeAndWait()
    {
        Dispose();
        _released.Wait();
    }

    protected override unsafe bool ReleaseHandle()
    {
        OrtLibrary.Instance.Api.ReleaseSession(handle);
        _released.Set();
        return true;
    }
}
