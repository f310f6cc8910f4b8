using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Connections;

/// <summary>The writing half: operations into bytes, bytes into the socket, by one thread at a time.</summary>
internal sealed partial class ConnectionCore
{
    /// <summary>Sends what is waiting until nothing is. The caller has set <see cref="_writing"/>.</summary>
    private void Write()
    {
        var more = true;
        while (more)
        {
            SocketLink? link;
            PassTicket[] ended;
            lock (_gate)
            {
                link = _link;
                if (link is null || !Gather())
                {
                    _buffer.Clear();
                    _writing = false;
                    Monitor.PulseAll(_gate);
                    more = false;
                }

                ended = _answeredByWriter.Count == 0 ? [] : [.. _answeredByWriter];
                _answeredByWriter.Clear();
            }

            End(ended, complete: true);
            more = more && Send(link!);
        }
    }

    /// <summary>Sends the buffer; false: the socket takes no more now, and the second thread goes on.</summary>
    private bool Send(SocketLink link)
    {
        while (!_buffer.IsEmpty)
        {
            var sent = link.Send(_buffer.Unsent);
            if (sent < 0)
            {
                // The reader learns of the end too; only it ends passes.
                link.Cut();
                _buffer.Clear();
                return true;
            }

            if (sent == 0)
            {
                AskWriter();
                return false;
            }

            _buffer.Sent(sent);
        }

        return true;
    }

    /// <summary>Fills the send buffer with waiting operations; false: there are none.</summary>
    private bool Gather()
    {
        while (_buffer.Length < MemcachedLimits.SendBytes && _waiting.TryPeek(out var ticket))
        {
            if (ticket.Written == 0)
            {
                _sent.Enqueue(ticket);
            }

            while (!ticket.IsWritten && _buffer.Length < MemcachedLimits.SendBytes)
            {
                WriteNext(ticket);
            }

            if (!ticket.IsWritten)
            {
                break;
            }

            ticket.WrittenAt = Now;
            _waiting.Dequeue();
        }

        // What was sent of a pass may be answered before its last operations turn out to need no sending: then no answer will end it.
        TakeAnswered(_answeredByWriter);

        return !_buffer.IsEmpty;
    }

    private void WriteNext(PassTicket ticket)
    {
        var (pass, index) = (ticket.Pass!, ticket.Written);
        if (!pass.TryAsk(index, out var request))
        {
            ticket.NoteNotSent();
            return;
        }

        if (Refusal(request) is { } refused)
        {
            pass.Answer(index, new MemcachedAnswer(refused));
            ticket.NoteNotSent();
            return;
        }

        request = request with { Token = request.Token & ((1UL << TokenBits) - 1) };
        RequestWriter.Write(_buffer, request, ticket.OpaqueOf(index), _limits.LeaseSeconds);
        ticket.NoteSent(request.Verb);
    }

    /// <summary>Why an operation is not sent at all; null: it is.</summary>
    private MemcachedStatus? Refusal(in MemcachedRequest request)
    {
        if (RequestWriter.HasKey(request.Verb) && !MemcachedKey.IsValid(request.Key))
        {
            return MemcachedStatus.BadKey;
        }

        if (RequestWriter.HasToken(request.Verb) && (request.Token >> TokenBits) << TokenBits != Tag)
        {
            return MemcachedStatus.Conflict;
        }

        return _limits.Holds(request.Key, request.Value.Length) ? null : MemcachedStatus.TooLarge;
    }

    private void AskWriter()
    {
        lock (_gate)
        {
            _writerAsked = true;
            if (!_writerStarted)
            {
                _writerStarted = true;
                new Thread(WriteWhenPossible) { IsBackground = true, Name = $"memcached {_address} writer" }.Start();
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void WriteWhenPossible()
    {
        while (true)
        {
            SocketLink? link;
            lock (_gate)
            {
                while (!_writerAsked && !_closing)
                {
                    Monitor.Wait(_gate);
                }

                if (!_writerAsked)
                {
                    return;
                }

                link = _link;
            }

            if (link is not null && !link.CanSend(MemcachedLimits.Tick))
            {
                continue;
            }

            lock (_gate)
            {
                _writerAsked = false;
            }

            if (link is null || Send(link))
            {
                Write();
            }
        }
    }
}
