using Merlon.Scanning.Content;

namespace Merlon.Scanning.TensorFlow;

/// <summary>Walks graphs and their function libraries: every node's operation must be allowed, or be a function of the library whose nodes are.</summary>
internal sealed class GraphWalk(ContentTarget target, ContentScan scan, WireReader wire)
{
    private readonly HashSet<string> _functions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly List<(string Operation, long At)> _unlisted = [];
    private int _nodes, _defined;

    /// <summary>SavedModel: schema version and meta graphs.</summary>
    public void SavedModel(long length)
    {
        foreach (var field in wire.Fields(0, length))
        {
            if (field is { Number: 2, Type: WireField.Bytes })
                MetaGraph(field);
            else if (field is not { Number: 1, Type: WireField.Varint, Value: 1 })
                throw Unknown("a saved model", field);
        }
        Finish();
    }

    public void FrozenGraph(long length)
    {
        Graph(new WireField(0, WireField.Bytes, 0, length, 0));
        Finish();
    }

    private void MetaGraph(WireField message)
    {
        foreach (var field in wire.Fields(message))
        {
            switch (field)
            {
                case { Number: 2, Type: WireField.Bytes }:
                    Graph(field);
                    break;
                case { Number: 6, Type: WireField.Bytes }:
                    Asset(field);
                    break;
                // Tags and versions, saver, collections, signatures, and the tree of Python objects: names and numbers.
                case { Number: 1 or 3 or 4 or 5 or 7, Type: WireField.Bytes }:
                    break;
                default:
                    throw Unknown("a meta graph", field);
            }
        }
    }

    private void Asset(WireField message)
    {
        foreach (var field in wire.Fields(message).Where(field => field.Number == 2))
        {
            var name = wire.Text(field);
            if (name.StartsWith('/') || name.Contains('\\', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal) || name.Split('/').Contains("..", StringComparer.Ordinal))
                scan.Findings.Block("tensorflow.asset", $"The asset '{name}' is not in the model's folder.", target.At(field.At));
        }
    }

    private void Graph(WireField message)
    {
        foreach (var field in wire.Fields(message))
        {
            if (field is { Number: 1, Type: WireField.Bytes })
                Node(field);
            else if (field is { Number: 2, Type: WireField.Bytes })
                Library(field);
            // Versions, and what stood for them before, and debugging information.
            else if (field is not ({ Number: 3, Type: WireField.Varint } or { Number: 4 or 5, Type: WireField.Bytes }))
                throw Unknown("a graph", field);
        }
    }

    private void Node(WireField message)
    {
        if (++_nodes > Limits.Nodes)
            throw new MalformedException("tensorflow.malformed", $"There are more than {Limits.Nodes} nodes.", message.At);
        string? operation = null;
        foreach (var field in wire.Fields(message))
        {
            if (field.Number is < 1 or > 7 || field.Type != WireField.Bytes)
                throw Unknown("a node", field);
            if (field.Number != 2)
                continue;
            // A field that stands twice: readers take the last, so both are judged.
            operation = wire.Text(field);
            if (!Operations.IsAllowed(operation))
                _unlisted.Add((operation, field.At));
        }
        if (operation is null)
            throw new MalformedException("tensorflow.malformed", "A node has no operation.", message.At);
    }

    private void Library(WireField message)
    {
        foreach (var field in wire.Fields(message))
        {
            if (field is { Number: 1, Type: WireField.Bytes })
                Function(field);
            // Gradients: pairs of names of functions.
            else if (field is not { Number: 2 or 3, Type: WireField.Bytes })
                throw Unknown("a function library", field);
        }
    }

    private void Function(WireField message)
    {
        if (++_defined > Limits.Functions)
            throw new MalformedException("tensorflow.malformed", $"There are more than {Limits.Functions} functions.", message.At);
        foreach (var field in wire.Fields(message))
        {
            if (field is { Number: 1, Type: WireField.Bytes })
                Signature(field);
            else if (field is { Number: 3, Type: WireField.Bytes })
                Node(field);
            else if (field is not { Number: 4 or 5 or 6 or 7 or 8, Type: WireField.Bytes })
                throw Unknown("a function", field);
        }
    }

    private void Signature(WireField message)
    {
        foreach (var field in wire.Fields(message).Where(field => field.Number == 1))
        {
            var name = wire.Text(field);
            if (Operations.IsAllowed(name) || Operations.RuleFor(name) == "tensorflow.python-operation")
                scan.Findings.Block("tensorflow.function-shadows", $"The function '{name}' has the name of an operation.", target.At(field.At));
            else
                _functions.Add(name);
        }
    }

    /// <summary>A function may be defined after its use.</summary>
    private void Finish()
    {
        foreach (var (operation, at) in _unlisted)
        {
            // The runtime prefers its own operation: a function of a dangerous one's name does not make it harmless.
            if (_functions.Contains(operation) && Operations.RuleFor(operation) == "tensorflow.operation" && operation.StartsWith("__", StringComparison.Ordinal))
                continue;
            if (_told.Add(operation))
                scan.Findings.Block(Operations.RuleFor(operation), $"The graph has the operation '{operation}'.", target.At(at));
        }
    }

    private static MalformedException Unknown(string what, WireField field) =>
        new("tensorflow.unknown-field", $"The field {field.Number} of {what} is not understood.", field.At);
}
