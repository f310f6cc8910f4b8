using System.Buffers;
using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Connections;

/// <summary>Reads the answers of one socket, in order, and hands each to the operation that it answers, until the socket ends or says something that makes no sense.</summary>
internal sealed class AnswerPump(ConnectionCore core, SocketLink link)
{
    private readonly List<PassTicket> _answered = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(MemcachedLimits.ReceiveBytes);
    private int _start;
    private int _end;
    private long _heardAt;

    /// <summary>
    /// Passes answered in the same read as something that made no sense. They are not believed, and end with the connection: a miss repeats no number by which it could be
    /// told from another's.
    /// </summary>
    public IReadOnlyList<PassTicket> Disbelieved => _answered;

    /// <summary>True once an answer came: this is a server that works.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Returns when the connection must be given up, with the reason.</summary>
    public string Run()
    {
        string? fault = null;
        while (fault is null)
        {
            fault = Step();
        }

        ArrayPool<byte>.Shared.Return(_buffer);
        return fault;
    }

    private string? Step()
    {
        if (link.CanReceive(MemcachedLimits.Tick))
        {
            var received = link.Receive(_buffer.AsSpan(_end));
            if (received < 0)
            {
                return "the server closed the connection";
            }

            _end += received;
            _heardAt = core.Now;
            if (ReadAnswers() is { } fault)
            {
                return fault;
            }

            HasAnswered |= _answered.Count > 0;
            EndAnswered();
        }

        // Looked at after what has come is read, and what came meanwhile comes first: this process itself may have stood still.
        return core.IsClosing ? "closed" : core.IsLate(_heardAt) && !link.CanReceive(TimeSpan.Zero) ? "the server did not answer in time" : null;
    }

    /// <summary>All answers that are here; a fault ends the connection.</summary>
    private string? ReadAnswers()
    {
        var wanted = 0;
        while (_start < _end && wanted == 0)
        {
            if (core.OldestSent(out var written) is not { } ticket)
            {
                return "the server answered what nobody asked";
            }

            if (ReadAnswersTo(ticket, written, out wanted) is { } fault)
            {
                return fault;
            }
        }

        MakeRoom(wanted);
        return null;
    }

    private string? ReadAnswersTo(PassTicket ticket, int written, out int wanted)
    {
        wanted = 0;
        var index = ticket.NextSent(ticket.Answered, written);
        if (index == written)
        {
            return "the server answered what nobody asked";
        }

        while (_start < _end && index < written)
        {
            var verb = ticket.VerbOf(index);
            var input = _buffer.AsSpan(_start, _end - _start);
            var answer = verb == MemcachedVerb.Statistics ? AnswerReader.ReadLines(input) : AnswerReader.Read(input, core.Limits.ItemBytes);
            if (answer.Kind == AnswerKind.Incomplete)
            {
                wanted = Math.Max(answer.Wanted, input.Length + 1);
                break;
            }

            if (answer.Kind == AnswerKind.Fault || !TryTake(ticket, index, verb, answer, out var isWhole))
            {
                return $"the server's answer to {verb} makes no sense: {Beginning(input)}";
            }

            _start += answer.Length;
            index = isWhole ? ticket.NextSent(index + 1, written) : index;
        }

        core.NoteAnswered(ticket, index, _answered);
        return null;
    }

    /// <summary>Gives the answer to its operation; false: it is none. Two answers make a keeping verb whole: the classic command's, and that of the get behind it.</summary>
    private bool TryTake(PassTicket ticket, int index, MemcachedVerb verb, in ServerAnswer answer, out bool isWhole)
    {
        isWhole = true;
        var keeping = verb is MemcachedVerb.AddKeeping or MemcachedVerb.CompareAndSetKeeping;
        var classic = keeping ? ticket.TakeClassicAnswer() : MemcachedStatus.Pending;
        var asked = classic == MemcachedStatus.Pending ? verb : MemcachedVerb.Get;
        var opaqueIsRight = answer.HasOpaque ? answer.Opaque == ticket.OpaqueOf(index) : !AnswerMeaning.MustRepeatOpaque(answer.Kind, asked);
        if (!opaqueIsRight || AnswerMeaning.Of(asked, answer) is not { } status || core.TokenOut(answer.Token) is not { } token)
        {
            return false;
        }

        if (keeping && classic == MemcachedStatus.Pending)
        {
            ticket.KeepClassicAnswer(status);
            isWhole = false;
            return true;
        }

        if (classic == MemcachedStatus.Stored)
        {
            // Somebody else may have stored in between: the token is the new item's only if the value still is.
            var ours = status == MemcachedStatus.Hit && answer.Value.SequenceEqual(ticket.Pass!.ValueOf(index).Span);
            ticket.Pass!.Answer(index, ours ? new MemcachedAnswer(MemcachedStatus.Stored, token) : new MemcachedAnswer(MemcachedStatus.Unknown));
        }
        else
        {
            var hasToken = status is MemcachedStatus.Hit or MemcachedStatus.LeaseWon or MemcachedStatus.LeaseHeld or MemcachedStatus.Stored && !keeping;
            ticket.Pass!.Answer(index, new MemcachedAnswer(keeping ? classic : status, hasToken ? token : 0, keeping ? default : answer.Value));
        }

        return true;
    }

    /// <summary>Moves what is not read to the buffer's beginning when the next answer would not fit behind it; a larger buffer only for as long as it is needed.</summary>
    private void MakeRoom(int wanted)
    {
        var rest = _end - _start;
        var needed = Math.Max(wanted, rest + 1);
        if (rest > 0 && _start + Math.Max(needed, rest + (MemcachedLimits.ReceiveBytes / 4)) <= _buffer.Length)
        {
            return;
        }

        var isMuchTooLarge = _buffer.Length >= 2 * MemcachedLimits.ReceiveBytes && needed <= MemcachedLimits.ReceiveBytes;
        if (needed > _buffer.Length || isMuchTooLarge)
        {
            // Doubling, so that an answer of unknown length is not copied for each of its pieces.
            var other = ArrayPool<byte>.Shared.Rent(isMuchTooLarge ? MemcachedLimits.ReceiveBytes : Math.Max(needed, wanted > rest + 1 ? wanted : 2 * rest));
            _buffer.AsSpan(_start, rest).CopyTo(other);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = other;
        }
        else
        {
            _buffer.AsSpan(_start, rest).CopyTo(_buffer);
        }

        (_start, _end) = (0, rest);
    }

    private void EndAnswered()
    {
        var incarnation = core.Incarnation;
        foreach (var ticket in _answered)
        {
            ticket.End(incarnation, complete: true);
        }

        _answered.Clear();
    }

    private static string Beginning(ReadOnlySpan<byte> input)
    {
        var line = input[..Math.Min(input.Length, 80)];
        var end = line.IndexOfAny((byte)'\r', (byte)'\n');
        return System.Text.Encoding.ASCII.GetString(end < 0 ? line : line[..end]);
    }
}
