using System.Globalization;
using Merlon.Kernel;
using Merlon.Scanning.Policy;

namespace Merlon.Scanning.Pickle;

/// <summary>Says what a persistent id stands for, or what is wrong with it; null: it is as the format writes it.</summary>
internal delegate string? PersistentIdJudge(PickleValue id, out PickleValue value);

/// <summary>What stands around a pickle: how persistent ids are judged, and what a loader reads of the file in the middle of it.</summary>
internal sealed record PickleSurroundings
{
    /// <summary>Judges persistent ids. Without a judge every one of them blocks.</summary>
    public PersistentIdJudge? PersistentId { get; init; }

    /// <summary>Names that may be imported; what a signed policy adds is among them.</summary>
    public PolicyNames Names { get; init; } = PolicyNames.None;

    /// <summary>Called after each BUILD, when the loader would read raw data that follow in the stream.</summary>
    public Action<PickleMachine, PickleInstance>? AfterBuild { get; init; }
}

/// <summary>
/// Runs a pickle without making anything: each operation does to symbols what CPython's unpickler would do to objects. Imports are held against
/// <see cref="PickleNames"/> when they happen, calls when they happen; a result that is thrown away afterwards changes nothing.
/// Source: CPython, Lib/pickle.py and Modules/_pickle.c, protocols 0 to 5.
/// </summary>
internal sealed partial class PickleMachine(PickleReader reader, FindingList findings, string location, PickleSurroundings surroundings, PickleStack? stack = null)
{
    private readonly PickleStack _stack = stack ?? new();
    private readonly PickleTexts _texts = new();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _opcodeAt;
    private long _frameEnd = -1;
    private bool _first = true;
    private bool _keeps;

    /// <summary>Numbers taken for a length announce more than any file has.</summary>
    private const ulong MostMissing = 1UL << 28;

    /// <summary>Letters that are no name cannot be imported: the reading ends there.</summary>
    public bool StopsAtOddNames { get; init; }

    /// <summary>Runs one pickle up to its STOP.</summary>
    /// <exception cref="PickleFormatException">It is not one.</exception>
    /// <exception cref="PickleEndException">It has no STOP.</exception>
    public void Run()
    {
        while (true)
        {
            _opcodeAt = reader.Position;
            var opcode = reader.ReadByte();
            if (opcode == '.')
            {
                Stop();
                return;
            }
            Step(opcode);
            _first = false;
            if (_frameEnd >= 0 && reader.Position >= _frameEnd)
                EndFrame();
        }
    }

    private void Stop()
    {
        _stack.Pop();
        if (_stack.Depth != 0)
            throw new PickleFormatException("pickle.leftover", "Values are left on the stack at the end: something was made and hidden.");
        if (_frameEnd >= 0 && reader.Position != _frameEnd)
            throw new PickleFormatException("pickle.frame", "The pickle ends inside a frame.");
    }

    private void EndFrame()
    {
        // The C reader takes frames as a hint, the Python one as a wall: a file that means one thing to one and another to the other is refused.
        if (reader.Position != _frameEnd)
            throw new PickleFormatException("pickle.frame", "An operation runs over the end of its frame.");
        _frameEnd = -1;
    }

    private void Step(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'N': _stack.Push(PickleKind.Atom, PickleValue.NoneMark); break;                              // NONE
            case 0x88 or 0x89: _stack.Push(PickleKind.Atom); break;                                                 // NEWTRUE NEWFALSE
            case (byte)'K': PushNumber(reader.ReadByte()); break;                                                   // BININT1
            case (byte)'M': PushNumber(reader.ReadUInt16()); break;                                                 // BININT2
            case (byte)'J': PushNumber(reader.ReadInt32()); break;                                                  // BININT
            case (byte)'G': reader.Read(8); _stack.Push(PickleKind.Atom); break;                                   // BINFLOAT
            case 0x8a: PushLong(reader.ReadByte()); break;                                                          // LONG1
            case 0x8b: SkipLong(reader.ReadInt32()); break;                                                         // LONG4
            case (byte)'I' or (byte)'L' or (byte)'F': PushNumberLine(); break;                                      // INT LONG FLOAT
            case 0x8c: PushText(reader.ReadByte()); break;                                                          // SHORT_BINUNICODE
            case (byte)'X': PushText(reader.ReadUInt32()); break;                                                   // BINUNICODE
            case 0x8d: PushText(reader.ReadUInt64()); break;                                                        // BINUNICODE8
            case (byte)'U': PushText(reader.ReadByte()); break;                                                     // SHORT_BINSTRING
            case (byte)'T': PushText(NotNegative(reader.ReadInt32())); break;                                       // BINSTRING
            case (byte)'S': _stack.Push(_texts.OfLine(reader.ReadLine(Limits.Line), quoted: true)); break;          // STRING
            case (byte)'V': _stack.Push(_texts.OfLine(reader.ReadLine(Limits.Line), quoted: false)); break;         // UNICODE
            case (byte)'C': PushBytes(reader.ReadByte()); break;                                                    // SHORT_BINBYTES
            case (byte)'B': PushBytes(reader.ReadUInt32()); break;                                                  // BINBYTES
            case 0x8e or 0x96: PushBytes(reader.ReadUInt64()); break;                                               // BINBYTES8 BYTEARRAY8
            case (byte)'(': _stack.Mark(); break;                                                                   // MARK
            case (byte)'0': _stack.PopValueOrMark(); break;                                                         // POP
            case (byte)'1': _stack.PopMark(); break;                                                                // POP_MARK
            case (byte)'2': Share(_stack.Top()); break;                                                             // DUP
            case (byte)'h': Share(_stack.Recall(reader.ReadByte())); break;                                         // BINGET
            case (byte)'j': Share(_stack.Recall(reader.ReadUInt32())); break;                                       // LONG_BINGET
            case (byte)'g': Share(_stack.Recall(ReadIndexLine())); break;                                           // GET
            case (byte)'q': _stack.Remember(reader.ReadByte(), _stack.Top()); break;                                // BINPUT
            case (byte)'r': _stack.Remember(reader.ReadUInt32(), _stack.Top()); break;                              // LONG_BINPUT
            case (byte)'p': _stack.Remember(ReadIndexLine(), _stack.Top()); break;                                  // PUT
            case 0x94 when IsInArray: throw new PickleFormatException("joblib.array", "The objects of an array are numbered as joblib does not."); // MEMOIZE
            case 0x94: _stack.Remember(_stack.Top()); break;                                                        // MEMOIZE
            default: StepContainerOrObject(opcode); break;
        }
    }

    private void StepContainerOrObject(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'}': _stack.Push(NewDictionary()); break;                                                    // EMPTY_DICT
            case (byte)']' or 0x8f: _stack.Push(PickleKind.Container); break;                                      // EMPTY_LIST EMPTY_SET
            case (byte)')': _stack.Push(PickleValue.EmptyTuple); break;                                 // EMPTY_TUPLE
            case (byte)'l' or 0x91: _stack.PopMark(); _stack.Push(PickleKind.Container); break;                    // LIST FROZENSET
            case (byte)'d': MakeDictionary(); break;                                                                // DICT
            case (byte)'t': PushTuple(_stack.PopMark()); break;                                                     // TUPLE
            case 0x85 or 0x86 or 0x87: PushSmallTuple(opcode - 0x84); break;                                        // TUPLE1 TUPLE2 TUPLE3
            case (byte)'a': _stack.Pop(); Fill("APPEND"); break;                                                    // APPEND
            case (byte)'e': _stack.PopMark(); Fill("APPENDS"); break;                                               // APPENDS
            case 0x90: _stack.PopMark(); Fill("ADDITEMS"); break;                                                   // ADDITEMS
            case (byte)'s': SetItem(); break;                                                                       // SETITEM
            case (byte)'u': SetItems(); break;                                                                      // SETITEMS
            case 0x80: Protocol(reader.ReadByte()); break;                                                          // PROTO
            case 0x95: BeginFrame(reader.ReadUInt64()); break;                                                      // FRAME
            case (byte)'c': Import(PickleTexts.Line(reader.ReadLine(Limits.Line)), PickleTexts.Line(reader.ReadLine(Limits.Line))); break; // GLOBAL
            case 0x93: ImportFromStack(); break;                                                                    // STACK_GLOBAL
            case (byte)'R': Reduce(); break;                                                                        // REDUCE
            case 0x81: New(withKeywords: false); break;                                                             // NEWOBJ
            case 0x92: New(withKeywords: true); break;                                                              // NEWOBJ_EX
            case (byte)'o': MakeObject(); break;                                                                    // OBJ
            case (byte)'i': MakeInstance(); break;                                                                  // INST
            case (byte)'b': Build(); break;                                                                         // BUILD
            case (byte)'Q': PersistentId(_stack.Pop()); break;                                                      // BINPERSID
            case (byte)'P': PersistentId(_texts.Of(reader.ReadLine(Limits.Line))); break;                           // PERSID
            case 0x82 or 0x83 or 0x84:                                                                              // EXT1 EXT2 EXT4
                throw new PickleFormatException("pickle.extension", "The pickle imports by an extension number, which only the loading program knows.");
            case 0x97 or 0x98:                                                                                      // NEXT_BUFFER READONLY_BUFFER
                throw new PickleFormatException("pickle.out-of-band", "The pickle needs buffers from outside of the file.");
            default:
                throw new PickleFormatException("pickle.malformed", string.Create(CultureInfo.InvariantCulture, $"0x{opcode:x2} is no operation."));
        }
    }

    private void Protocol(byte version)
    {
        if (version > 5)
            throw new PickleFormatException("pickle.malformed", $"Protocol {version} does not exist.");
        if (!_first)
            throw new PickleFormatException("pickle.malformed", "The protocol is named in the middle of the pickle.");
    }

    private void BeginFrame(ulong length)
    {
        if (_frameEnd >= 0)
            throw new PickleFormatException("pickle.frame", "A frame begins inside another.");
        if (length > long.MaxValue / 2)
            throw new PickleFormatException("pickle.frame", "A frame is longer than any file.");
        _frameEnd = reader.Position + (long)length;
    }

    private void Tell(string rule, string key, string message, string? remedy = null)
    {
        if (_told.Count < Limits.Findings && _told.Add(key))
            findings.Block(rule, message, string.Create(CultureInfo.InvariantCulture, $"{location}@{_opcodeAt}"), remedy);
    }

    public PickleReader Reader => reader;

    /// <summary>Reads the objects of an array, in the middle of another pickle.</summary>
    public bool IsInArray { get; init; }

    /// <summary>Operations of a frame are left. Python's reader has them in memory already, so raw bytes are read from behind them.</summary>
    public bool IsInFrame => _frameEnd >= 0;

    /// <summary>
    /// Runs the given bytes from the present state on a copy of it, as a reader would that does not know that they are raw data. Returns what was found,
    /// and whether the reading goes on behind them.
    /// </summary>
    public (FindingList Findings, bool GoesOn) Try(ReadOnlySpan<byte> bytes)
    {
        var found = new FindingList();
        using var copy = new PickleReader(new MemoryStream(bytes.ToArray()));
        try
        {
            new PickleMachine(copy, found, location, new PickleSurroundings(), _stack.Copy()) { StopsAtOddNames = true, _keeps = _keeps, HasImported = HasImported }.Run();
            return (found, false);
        }
        catch (PickleEndException e)
        {
            return (found, e.Missing < MostMissing);
        }
        catch (PickleFormatException)
        {
            return (found, false);
        }
    }

    /// <summary>Bytes of whole operations that were run.</summary>
    public long StepsEnd => _opcodeAt;

    /// <summary>True once a name was imported.</summary>
    public bool HasImported { get; private set; }

    /// <summary>Says where a machine stopped that could not go on.</summary>
    public string Where => string.Create(CultureInfo.InvariantCulture, $"{location}@{_opcodeAt}");
}
