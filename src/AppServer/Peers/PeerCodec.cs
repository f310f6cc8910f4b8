using System.Buffers.Binary;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Wire;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Peers;

/// <summary>
/// What frames hold (docs/design/peers.md): texts and JSON with their length before them, numbers as LEB128. What does not fit is a <see cref="CorruptDataException"/>, and ends the link.
/// </summary>
internal static class PeerCodec
{
    private const int SeedBytes = sizeof(ulong);

    [Flags]
    private enum Has
    {
        Nothing = 0,
        User = 1,
        Id = 2,
        Page = 4,
        Partial = 8,
        WantsKeys = 16,
        Reason = 32,
        Position = 64,
        Routed = 128,
        RetryElsewhere = 256,
        Trace = 512,
    }

    public static int SizeOf(PeerCall call) =>
        WireWriter.SizeOf(call.Number) + 1 + WireWriter.SizeOf((long)FlagsOf(call))
        + WireWriter.SizeOf(call.Application) + WireWriter.SizeOf(call.Version) + WireWriter.SizeOf(call.Handler)
        + SizeOf(call.User) + SizeOf(call.Id) + SizeOf(call.Page) + SizeOf(call.Trace)
        + WireWriter.SizeOf(call.Args) + WireWriter.SizeOf(call.Inputs) + WireWriter.SizeOf(call.Globals) + WireWriter.SizeOf(call.Event)
        + WireWriter.SizeOf(call.Seed.UnixMilliseconds) + SeedBytes;

    public static void Write(ref WireWriter to, PeerCall call)
    {
        to.Number(call.Number);
        to.Byte((byte)call.Passage);
        to.Number((long)FlagsOf(call));
        to.Text(call.Application);
        to.Text(call.Version);
        to.Text(call.Handler);
        WriteText(ref to, call.User);
        WriteText(ref to, call.Id);
        WriteText(ref to, call.Page);
        WriteText(ref to, call.Trace);
        to.Counted(call.Args.Span);
        to.Counted(call.Inputs.Span);
        to.Counted(call.Globals.Span);
        to.Counted(call.Event.Span);
        to.Number(call.Seed.UnixMilliseconds);
        to.UInt64(call.Seed.Random);
    }

    public static PeerCall ReadCall(ReadOnlyMemory<byte> frame)
    {
        var from = new WireReader(frame);
        var number = from.Number();
        var passage = (CallPassage)from.Byte();
        var has = (Has)from.Number();
        var call = new PeerCall
        {
            Number = number,
            Passage = passage is CallPassage.Passed or CallPassage.HandedOver ? passage : throw from.Damaged("a call that was neither passed nor handed over"),
            Application = from.Text(),
            Version = from.Text(),
            Handler = from.Text(),
            User = has.HasFlag(Has.User) ? from.Text() : null,
            Id = has.HasFlag(Has.Id) ? from.Text() : null,
            Page = has.HasFlag(Has.Page) ? from.Text() : null,
            Trace = has.HasFlag(Has.Trace) ? from.Text() : null,
            Partial = has.HasFlag(Has.Partial),
            WantsKeys = has.HasFlag(Has.WantsKeys),
            Args = from.Memory(from.Count()),
            Inputs = from.Memory(from.Count()),
            Globals = from.Memory(from.Count()),
            Event = from.Memory(from.Count()),
            Seed = new TransactionSeed(from.Number(), BinaryPrimitives.ReadUInt64LittleEndian(from.Span(SeedBytes))),
        };
        return from.Remaining == 0 ? call : throw from.Damaged("something follows a call");
    }

    public static int SizeOf(long number, TransactionAnswer answer)
    {
        var size = WireWriter.SizeOf(number) + 2 + WireWriter.SizeOf((long)FlagsOf(answer))
            + WireWriter.SizeOf(answer.Result) + WireWriter.SizeOf(answer.Changes) + WireWriter.SizeOf(answer.Reads)
            + SizeOf(answer.Reason) + WireWriter.SizeOf(answer.RetryAfterSeconds) + SizeOf(answer.Timing);
        if (answer.Position is { } position)
        {
            size += WireWriter.SizeOf(position.File) + WireWriter.SizeOf(position.Line) + WireWriter.SizeOf(position.Column);
        }

        var keys = Math.Min(answer.Touched.Count, PeerLimits.Keys);
        size += WireWriter.SizeOf(keys);
        for (var i = 0; i < keys; i++)
        {
            size += WireWriter.SizeOf(answer.Touched[i]);
        }

        return size;
    }

    public static void Write(ref WireWriter to, long number, TransactionAnswer answer)
    {
        to.Number(number);
        to.Byte((byte)answer.Status);
        to.Byte((byte)answer.AbortKind);
        to.Number((long)FlagsOf(answer));
        to.Counted(answer.Result.Span);
        to.Counted(answer.Changes.Span);
        to.Counted(answer.Reads.Span);
        WriteText(ref to, answer.Reason);
        if (answer.Position is { } position)
        {
            to.Text(position.File);
            to.Number(position.Line);
            to.Number(position.Column);
        }

        to.Number(answer.RetryAfterSeconds);
        Write(ref to, answer.Timing);
        var keys = Math.Min(answer.Touched.Count, PeerLimits.Keys);
        to.Number(keys);
        for (var i = 0; i < keys; i++)
        {
            to.Text(answer.Touched[i]);
        }
    }

    public static (long Number, TransactionAnswer Answer) ReadAnswer(ReadOnlyMemory<byte> frame)
    {
        var from = new WireReader(frame);
        var number = from.Number();
        var status = (TransactionStatus)from.Byte();
        var kind = (AbortKind)from.Byte();
        var has = (Has)from.Number();
        var answer = new TransactionAnswer
        {
            Status = Enum.IsDefined(status) ? status : throw from.Damaged("a status that does not exist"),
            AbortKind = Enum.IsDefined(kind) ? kind : throw from.Damaged("a kind of abort that does not exist"),
            Result = from.Memory(from.Count()),
            Changes = from.Memory(from.Count()),
            Reads = from.Memory(from.Count()),
            Reason = has.HasFlag(Has.Reason) ? from.Text() : null,
            Position = has.HasFlag(Has.Position) ? new SourcePosition(from.Text(), Int(ref from), Int(ref from)) : null,
            RetryAfterSeconds = Int(ref from),
            Timing = new TransactionTiming(Int(ref from), Int(ref from), Int(ref from), Int(ref from), Int(ref from), Int(ref from)),
            Routed = has.HasFlag(Has.Routed),
            RetryElsewhere = has.HasFlag(Has.RetryElsewhere),
            Touched = Keys(ref from),
        };
        return from.Remaining == 0 ? (number, answer) : throw from.Damaged("something follows an answer");
    }

    /// <summary>The number of a call that its receiver did not run.</summary>
    public static long ReadNumber(ReadOnlyMemory<byte> frame)
    {
        var from = new WireReader(frame);
        var number = from.Number();
        return from.Remaining == 0 ? number : throw from.Damaged("something follows a number");
    }

    private static string[] Keys(ref WireReader from)
    {
        var count = from.Count();
        if (count > PeerLimits.Keys)
        {
            throw from.Damaged("an answer with too many keys");
        }

        var keys = new string[count];
        for (var i = 0; i < count; i++)
        {
            keys[i] = from.Text();
        }

        return keys;
    }

    private static int Int(ref WireReader from) => from.Number() is var number && number <= int.MaxValue ? (int)number : throw from.Damaged("a number is out of range");

    private static int SizeOf(string? text) => text is null ? 0 : WireWriter.SizeOf(text);

    private static void WriteText(ref WireWriter to, string? text)
    {
        if (text is not null)
        {
            to.Text(text);
        }
    }

    private static int SizeOf(in TransactionTiming timing) =>
        WireWriter.SizeOf(timing.Route) + WireWriter.SizeOf(timing.Read) + WireWriter.SizeOf(timing.Run)
        + WireWriter.SizeOf(timing.Lock) + WireWriter.SizeOf(timing.Log) + WireWriter.SizeOf(timing.Attempts);

    private static void Write(ref WireWriter to, in TransactionTiming timing)
    {
        to.Number(timing.Route);
        to.Number(timing.Read);
        to.Number(timing.Run);
        to.Number(timing.Lock);
        to.Number(timing.Log);
        to.Number(timing.Attempts);
    }

    private static Has FlagsOf(PeerCall call) =>
        If(call.User is not null, Has.User) | If(call.Id is not null, Has.Id) | If(call.Page is not null, Has.Page) | If(call.Partial, Has.Partial) | If(call.WantsKeys, Has.WantsKeys)
        | If(call.Trace is not null, Has.Trace);

    private static Has FlagsOf(TransactionAnswer answer) =>
        If(answer.Reason is not null, Has.Reason) | If(answer.Position is not null, Has.Position) | If(answer.Routed, Has.Routed) | If(answer.RetryElsewhere, Has.RetryElsewhere);

    private static Has If(bool condition, Has flag) => condition ? flag : Has.Nothing;
}
