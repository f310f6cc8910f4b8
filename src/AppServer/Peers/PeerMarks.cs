using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Wire;

namespace Mjolnir.AppServer.Peers;

/// <summary>What a server tells another one of what it has answered: for questions to indexes, whose answers shall hold it.</summary>
/// <param name="Log">its present log; empty while it has none</param>
/// <param name="Durable">the last durable batch of that log</param>
/// <param name="Written">the batches that the user asked for wrote in, as far as indexes may lack them</param>
public sealed record PeerMarks(string Log, long Durable, IReadOnlyList<Stamp> Written);

/// <summary>Asking for marks: a number, then the user with a byte before it, 1; or a byte 0. Telling them: the number; text log, number durable; number of stamps, then per stamp text log, number batch.</summary>
internal static class PeerMarksCodec
{
    public static int SizeOfAsk(long number, string? user) => WireWriter.SizeOf(number) + 1 + (user is null ? 0 : WireWriter.SizeOf(user));

    public static void WriteAsk(ref WireWriter to, long number, string? user)
    {
        to.Number(number);
        to.Byte(user is null ? (byte)0 : (byte)1);
        if (user is not null)
        {
            to.Text(user);
        }
    }

    public static (long Number, string? User) ReadAsk(ReadOnlyMemory<byte> frame)
    {
        var from = new WireReader(frame);
        var number = from.Number();
        var user = from.Byte() == 0 ? null : from.Text();
        return from.Remaining == 0 ? (number, user) : throw from.Damaged("something follows a question for marks");
    }

    public static int SizeOf(long number, PeerMarks marks) =>
        WireWriter.SizeOf(number) + WireWriter.SizeOf(marks.Log) + WireWriter.SizeOf(marks.Durable) + WireWriter.SizeOf(marks.Written.Count)
        + marks.Written.Sum(static stamp => WireWriter.SizeOf(stamp.Log) + WireWriter.SizeOf(stamp.Batch));

    public static void Write(ref WireWriter to, long number, PeerMarks marks)
    {
        to.Number(number);
        to.Text(marks.Log);
        to.Number(marks.Durable);
        to.Number(marks.Written.Count);
        foreach (var stamp in marks.Written)
        {
            to.Text(stamp.Log);
            to.Number(stamp.Batch);
        }
    }

    public static (long Number, PeerMarks Marks) Read(ReadOnlyMemory<byte> frame)
    {
        var from = new WireReader(frame);
        var (number, log, durable) = (from.Number(), from.Text(), from.Number());
        var written = new Stamp[from.Count()];
        for (var i = 0; i < written.Length; i++)
        {
            var name = from.Log();
            written[i] = new Stamp(name, from.Number());
        }

        return from.Remaining == 0 ? (number, new PeerMarks(log, durable, written)) : throw from.Damaged("something follows marks");
    }
}
