using System.Net.Sockets;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Sandboxed;

// Runs inside a sandbox, for one artifact: handle 4 is the connection to the node, which answers questions for bytes. Nothing else is there.
using var socket = new Socket(new SafeSocketHandle(WorkerLaunch.SocketHandle, ownsHandle: true));
SelfConfinement.Apply();
await ScanWorkerMain.RunAsync(socket).ConfigureAwait(false);
return 0;
