using System.Net.Sockets;
using Merlon.ModelWorker;
using Merlon.Onnx.Contracts;
using Merlon.Sandbox.Contracts;

// Runs inside a sandbox: handle 3 is the sealed artifact, handle 4 the listening socket. Whatever is wrong ends the process with one sentence and
// a code of its own; the node decides what to do.
try
{
    var launch = WorkerLaunch.FromEnvironment();
    using var artifact = SealedArtifact.Open(launch);
    using var session = artifact.LoadModel();
    using var listener = new Socket(new SafeSocketHandle(WorkerLaunch.SocketHandle, ownsHandle: true));
    using var model = new ModelHandler(session, TimeSpan.FromMilliseconds(launch.MaxCallMilliseconds), TimeProvider.System);
    using var server = new WorkerServer(listener, artifact.Manifest, session.Signature, model, launch.Concurrency, TimeProvider.System);
    SelfConfinement.Apply();
    server.Run();
    return ExitCodes.Ended;
}
catch (InvalidDataException e)
{
    return Fail(ExitCodes.BadLaunch, e.Message);
}
catch (ArtifactMismatchException e)
{
    return Fail(ExitCodes.ArtifactMismatch, e.Message);
}
catch (OnnxException e)
{
    return Fail(ExitCodes.ModelRefused, e.Message);
}

static int Fail(int code, string sentence)
{
    Console.Error.WriteLine(sentence);
    return code;
}
