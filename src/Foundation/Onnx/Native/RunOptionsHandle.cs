namespace Merlon.Onnx.Native;

/// <summary>Run options of one call. Terminating and releasing exclude each other, so a late terminate never touches freed memory.</summary>
internal sealed unsafe class RunOptionsHandle : IDisposable
{
    private readonly Lock _lock = new();
    private nint _pointer;
    private volatile bool _terminated;

    public RunOptionsHandle()
    {
        var api = OrtLibrary.Instance.Api;
        nint pointer;
        api.Check(api.CreateRunOptions(&pointer));
        _pointer = pointer;
    }

    public nint Pointer => _pointer;
    public bool IsTerminated => _terminated;

    public void Terminate()
    {
        lock (_lock)
        {
            if (_pointer == 0)
                return;
            _terminated = true;
            var api = OrtLibrary.Instance.Api;
            api.Check(api.RunOptionsSetTerminate(_pointer));
        }
    }

    public void Reset()
    {
        if (!_terminated)
            return;
        lock (_lock)
        {
            var api = OrtLibrary.Instance.Api;
            api.Check(api.RunOptionsUnsetTerminate(_pointer));
            _terminated = false;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_pointer != 0)
                OrtLibrary.Instance.Api.ReleaseRunOptions(_pointer);
            _pointer = 0;
        }
    }
}
