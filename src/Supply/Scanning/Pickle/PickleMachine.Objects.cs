using Merlon.Kernel;

namespace Merlon.Scanning.Pickle;

/// <summary>Operations that import, call and change objects: the ones that can do harm.</summary>
internal sealed partial class PickleMachine
{
    private const string Convert = "Store the weights in a format without code: safetensors or ONNX.";

    private void ImportFromStack()
    {
        var name = _stack.Pop();
        var module = _stack.Pop();
        if (name.Kind != PickleKind.Text || module.Kind != PickleKind.Text)
            Tell("pickle.name-unresolved", "unresolved", "A name is imported that is not written in the file but would be computed.", Convert);
        Import(module.Text, name.Text);
    }

    private void Import(string? module, string? name)
    {
        if (StopsAtOddNames && !(IsName(module) && IsName(name)))
            throw new PickleFormatException("pickle.malformed", "A name is none.");
        HasImported = true;
        var full = $"{Text.Printable(module ?? "?", 120)}.{Text.Printable(name ?? "?", 120)}";
        if (module is not null && name is not null && surroundings.Names.Find(module, name) is { } allowed)
        {
            _keeps |= allowed.IsKept;
            _stack.Push(new PickleValue(PickleKind.Global, allowed));
            return;
        }
        Tell("pickle.name", full, $"The pickle imports {full}, which no ordinary model file needs.", Convert);
        _stack.Push(new PickleValue(PickleKind.Global, full));
    }

    private static bool IsName(string? text) => text is { Length: > 0 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.') && !char.IsAsciiDigit(text[0]);

    private void Reduce()
    {
        var arguments = _stack.Pop();
        var callable = _stack.Pop();
        if (arguments.Kind is not (PickleKind.Tuple or PickleKind.Unknown))
            throw new PickleFormatException("pickle.malformed", "A call has no tuple of arguments.");
        _stack.Push(Call(callable, arguments));
    }

    private void New(bool withKeywords)
    {
        var keywords = withKeywords ? _stack.Pop() : PickleValue.EmptyKeywords;
        var arguments = _stack.Pop();
        if (arguments.Kind is not (PickleKind.Tuple or PickleKind.Unknown))
            throw new PickleFormatException("pickle.malformed", "A new object has no tuple of arguments.");
        var type = _stack.Pop();
        // No name on the list is made with keywords by its writer, so there is no list of keywords.
        if (keywords.Content is not PickleDictionary { IsEmpty: true })
            Tell("pickle.arguments", "keywords " + type.Content, $"The pickle makes {type.Content ?? "an object"} with keywords, which no writer does.", Convert);
        _stack.Push(Call(type, arguments));
    }

    private void MakeObject()
    {
        var values = _stack.PopMark();
        if (values.Length == 0)
            throw new PickleFormatException("pickle.malformed", "OBJ has no class.");
        var type = values[0];
        PushTuple(values[1..]);
        _stack.Push(Call(type, _stack.Pop()));
    }

    private void MakeInstance()
    {
        PushTuple(_stack.PopMark());
        var arguments = _stack.Pop();
        Import(PickleTexts.Line(reader.ReadLine(Limits.Line)), PickleTexts.Line(reader.ReadLine(Limits.Line)));
        _stack.Push(Call(_stack.Pop(), arguments));
    }

    private PickleValue Call(in PickleValue callable, in PickleValue arguments)
    {
        if (callable.Name is { } allowed)
        {
            // What a helper makes is what its first argument names, and is judged as such.
            if (allowed is { Module: "copyreg", Name: "__newobj__" } && arguments.Items is [{ Name: not null } type, .. var rest])
                return Call(type, new PickleValue(PickleKind.Tuple, rest));
            if ((allowed.Use & NameUse.Call) == 0)
                Tell("pickle.call", "call " + allowed, $"The pickle calls {allowed}, which ordinary files only refer to.", Convert);
            else if (allowed.Check?.Invoke(arguments) is { } problem)
                Tell("pickle.arguments", "arguments " + allowed, $"The pickle calls {allowed} as no writer does: {problem}.", Convert);
            else
                return new PickleValue(PickleKind.Instance, PickleInstance.Of(allowed, arguments));
            return PickleValue.Unknown;
        }
        if (callable.Kind == PickleKind.Global)
            Tell("pickle.call", "call " + callable.Content, $"The pickle calls {callable.Content} when it is loaded.", Convert);
        else
            Tell("pickle.call-unknown", "call unknown", "The pickle calls something that it made itself.", Convert);
        return PickleValue.Unknown;
    }

    private void Build()
    {
        var state = _stack.Pop();
        var target = _stack.Top();
        switch (target.Kind)
        {
            case PickleKind.Instance:
                var instance = (PickleInstance)target.Content!;
                JudgeDtype(instance, state);
                instance.Keep(state);
                if (_frameEnd >= 0 && reader.Position >= _frameEnd)
                    EndFrame();
                surroundings.AfterBuild?.Invoke(this, instance);
                break;
            case PickleKind.Global:
                Tell("pickle.overwrite", "build " + target.Content, $"BUILD changes the imported {target.Content} for the whole program.", Convert);
                break;
        }
    }

    /// <summary>A type is built once, before anything else can hold it, and with the state that NumPy writes.</summary>
    private void JudgeDtype(PickleInstance instance, in PickleValue state)
    {
        if (instance.Type is { Module: "numpy.dtypes" })
        {
            Tell("numpy.dtype", "dtype class", $"BUILD changes the NumPy type {instance.Type}, which has no state in any file.");
            return;
        }
        if (instance.Type is not { Module: "numpy", Name: "dtype" })
            return;
        var again = instance.IsShared || instance.State.Kind != PickleKind.Absent;
        DtypeState.Known? known = null;
        var problem = again ? "it is built after it was used" : DtypeState.Judge(instance, state, out known);
        instance.Dtype = problem is null ? known : null;
        if (problem is not null)
            Tell("numpy.dtype", "dtype " + problem, $"The pickle builds a NumPy type as NumPy does not: {problem}.", "Save the array again with NumPy.");
    }

    private void PersistentId(in PickleValue id)
    {
        var value = new PickleValue(PickleKind.Persistent);
        if (surroundings.PersistentId is null)
            Tell("pickle.persistent-id", "persistent", "The pickle refers to objects outside of it, by ids that only the loading program understands.");
        else if (surroundings.PersistentId(id, out value) is { } problem)
            Tell("pickle.persistent-id", "persistent " + problem, $"The pickle refers to an object outside of it as no writer does: {problem}.");
        _stack.Push(value);
    }
}
