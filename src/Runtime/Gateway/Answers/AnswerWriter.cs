using System.Buffers;
using System.Text.Encodings.Web;
using System.Globalization;
using Merlon.Gateway.Parsing;
using Merlon.Gateway.Workers;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Answers;

/// <summary>
/// Turns a worker's answer into the protocol's JSON, holding every output to the contract on the way. The worker is not trusted: what the contract
/// does not know (another name, type, extent, a NaN, text that is not UTF-8) makes the whole answer a refusal, and nothing of it is sent.
/// </summary>
internal static class AnswerWriter
{
    /// <param name="head">The answer up to the model's version, <c>{"model_name":…,"model_version":…</c>.</param>
    public static Refusal? Write(ReadOnlySpan<byte> payload, WorkerBinding binding, CompiledContract contract, InferRequest request, ReadOnlySpan<byte> head, PooledBuffer to)
    {
        try
        {
            to.Reset();
            to.Write(head);
            if (request.HasId)
            {
                to.Write(",\"id\":\""u8);
                WriteEscaped(request.Id, to);
                to.WriteByte((byte)'"');
            }
            to.Write(",\"outputs\":["u8);
            if (WriteOutputs(payload, binding, contract, request, to) is { } refusal)
                return refusal;
            to.Write("]}"u8);
            return null;
        }
        catch (WorkerProtocolException)
        {
            return Bad("answer.malformed", "The model's answer is malformed.");
        }
        catch (BufferFullException)
        {
            return Bad("answer.size", "The model's answer is too large.");
        }
    }

    private static Refusal? WriteOutputs(ReadOnlySpan<byte> payload, WorkerBinding binding, CompiledContract contract, InferRequest request, PooledBuffer to)
    {
        var expected = request.OutputCount == 0 ? contract.Outputs.Length : request.OutputCount;
        var reader = new TensorReader(payload);
        if (reader.Count != expected)
            return Bad("answer.outputs", "The model's answer has another number of outputs than were asked for.");
        ulong seen = 0;
        while (reader.TryNext(out var tensor))
        {
            var index = binding.ToContract(tensor.Index);
            var asked = index >= 0 && (request.OutputCount == 0 || request.Outputs.AsSpan(0, request.OutputCount).Contains((ushort)index));
            if (!asked || (seen & (1UL << index)) != 0)
                return Bad("answer.outputs", "The model's answer has an output that was not asked for.");
            var output = contract.Outputs[index];
            if (!Agrees(tensor, output, request.Batch))
                return Bad("answer.shape", $"The model's answer disagrees with the contract in the type or shape of output '{output.Name}'.");
            if (seen != 0)
                to.WriteByte((byte)',');
            seen |= 1UL << index;
            if (!WriteOutput(tensor, output, to))
                return Bad("answer.value", $"The model's answer has a value in output '{output.Name}' that the contract does not allow.");
        }
        reader.End();
        return null;
    }

    private static bool Agrees(in TensorView tensor, CompiledOutput output, long batch)
    {
        if (tensor.Type != output.Type || tensor.Rank != output.Shape.Length)
            return false;
        for (var axis = 0; axis < output.Shape.Length; axis++)
        {
            var dimension = tensor.Dimension(axis);
            var wanted = axis == 0 && output.IsBatched && batch >= 0 ? batch : output.Shape[axis];
            if (wanted != -1 && wanted != dimension)
                return false;
        }
        return true;
    }

    private static bool WriteOutput(in TensorView tensor, CompiledOutput output, PooledBuffer to)
    {
        to.Write(output.Head);
        for (var axis = 0; axis < tensor.Rank; axis++)
        {
            if (axis > 0)
                to.WriteByte((byte)',');
            WriteNumber(tensor.Dimension(axis), to);
        }
        to.Write("],\"data\":["u8);
        if (!(output.Type == TensorType.Bytes ? WriteTexts(tensor.Data, to) : ValueWriter.Write(tensor.Data, output.Type, to)))
            return false;
        to.Write("]}"u8);
        return true;
    }

    private static bool WriteTexts(ReadOnlySpan<byte> data, PooledBuffer to)
    {
        for (var first = true; !data.IsEmpty; first = false)
        {
            if (!first)
                to.WriteByte((byte)',');
            var length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data);
            var text = data.Slice(sizeof(uint), length);
            if (!System.Text.Unicode.Utf8.IsValid(text))
                return false;
            to.WriteByte((byte)'"');
            WriteEscaped(text, to);
            to.WriteByte((byte)'"');
            data = data[(sizeof(uint) + length)..];
        }
        return true;
    }

    private static void WriteNumber(long value, PooledBuffer to)
    {
        value.TryFormat(to.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
        to.Advance(written);
    }

    private static void WriteEscaped(ReadOnlySpan<byte> utf8, PooledBuffer to)
    {
        while (!utf8.IsEmpty)
        {
            var room = to.GetSpan(Math.Min(utf8.Length, 4096) + 16);
            var status = JavaScriptEncoder.Default.EncodeUtf8(utf8, room, out var consumed, out var written);
            to.Advance(written);
            utf8 = utf8[consumed..];
            if (status == OperationStatus.Done)
                return;
        }
    }

    private static Refusal Bad(string code, string detail) => new(RefusalKind.BadAnswer, code, detail);
}
