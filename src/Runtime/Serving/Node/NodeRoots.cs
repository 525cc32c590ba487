using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>The staged root file systems of the two kinds of worker.</summary>
internal sealed class NodeRoots(NodeOptions options, RootfsBuilder builder)
{
    public string ModelWorker { get; } = builder.Build(options.ModelWorkerDirectory);
    public string ScanWorker { get; } = builder.Build(options.ScanWorkerDirectory);
}
