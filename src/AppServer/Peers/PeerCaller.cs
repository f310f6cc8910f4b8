using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Telemetry;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Telemetry;
using Mjolnir.Core.Wire;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Peers;

/// <summary>Another server's link to this one: runs its calls side by side and answers each as it ends. What it passed on stays here.</summary>
internal sealed class PeerCaller
{
    private readonly PeerListenerOptions _options;
    private readonly ILogger _log;
    private readonly PeerConnection _connection;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _takesNoMore;
    private int _running;

    public PeerCaller(Socket socket, PeerListenerOptions options, ILogger log)
    {
        (_options, _log) = (options, log);
        _connection = new PeerConnection(socket, options.Time);
    }

    /// <summary>Gives back what comes from now on, lets what is under way end, and closes when the caller has every answer.</summary>
    public async Task FinishAsync()
    {
        TakeNoMore();
        await _idle.Task;
        await _connection.SayGoodbyeAsync();
        await _ended.Task;
    }

    public void TakeNoMore()
    {
        _takesNoMore = true;
        if (Volatile.Read(ref _running) == 0)
        {
            _idle.TrySetResult();
        }
    }

    public async Task<Exception> RunAsync()
    {
        var reason = await _connection.RunAsync(Receive);
        _connection.Outbox.Close();
        _takesNoMore = true;
        _idle.TrySetResult();
        _ended.TrySetResult();
        return reason;
    }

    private void Receive(PeerFrame kind, ReadOnlyMemory<byte> content)
    {
        if (kind == PeerFrame.AskMarks)
        {
            var (number, user) = PeerMarksCodec.ReadAsk(content);
            var marks = _options.Marks(user);
            Send(PeerFrame.Marks, PeerMarksCodec.SizeOf(number, marks), (number, marks), static (ref to, state) => PeerMarksCodec.Write(ref to, state.number, state.marks));
            return;
        }

        if (kind != PeerFrame.Call)
        {
            throw new CorruptDataException($"A frame of kind {(byte)kind}, which is no call");
        }

        var call = PeerCodec.ReadCall(content);
        if (Interlocked.Increment(ref _running) > PeerLimits.CallsInFlight)
        {
            throw new CorruptDataException($"More than {PeerLimits.CallsInFlight} calls at once");
        }

        if (_takesNoMore || Resolve(call) is not { } resolved)
        {
            Interlocked.Increment(ref _options.Counters.NotTaken);
            Send(PeerFrame.NotHere, WireWriter.SizeOf(call.Number), call.Number, static (ref to, number) => to.Number(number));
            Ended();
            return;
        }

        Interlocked.Increment(ref _options.Counters.Taken);
        _ = AnswerAsync(call.Number, resolved);
    }

    /// <summary>The call in terms of the application served here; null if it is another version, or would not be allowed here.</summary>
    private TransactionCall? Resolve(PeerCall call)
    {
        var application = _options.Applications.Current;
        if (call.Application != application.Name || call.Version != application.Version || !application.Handlers.TryGetValue(call.Handler, out var handler) || !MayCall(application, handler, call.User))
        {
            return null;
        }

        return new TransactionCall(
            new HandlerCall
            {
                Application = application,
                Handler = handler,
                User = call.User,
                Args = call.Args,
                Inputs = call.Inputs,
                Globals = call.Globals,
                Event = call.Event,
                Page = call.Page,
                Partial = call.Partial,
                Seed = call.Seed,
            },
            call.Id)
        {
            Passage = call.Passage,
            WantsKeys = call.WantsKeys,
            Trace = call.Trace,
        };
    }

    private static bool MayCall(Application application, Handler handler, string? user)
    {
        var allow = handler.Allow;
        return allow.Everyone
            || (user is not null && (allow.SignedIn || allow.Users.Contains(user) || allow.Roles.Any(role => application.Roles.TryGetValue(role, out var users) && users.Contains(user))));
    }

    private async Task AnswerAsync(long number, TransactionCall call)
    {
        TransactionAnswer answer;
        using var span = call.Trace is null ? null : TransactionSpan.Begin(call.Trace);
        try
        {
            answer = await _options.Transactions.RunAsync(span is null ? call : call with { Trace = Tracing.Current }, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            PeerLog.CallFaulted(_log, e, call.Run.Handler.Name);
            answer = new TransactionAnswer { Status = TransactionStatus.Unknown };
        }

        TransactionSpan.Answered(span, call.Run.Handler.Name, answer);
        var size = PeerCodec.SizeOf(number, answer);
        if (size >= PeerLimits.FrameBytes)
        {
            // Above all that a handler may answer: cannot be told, so the caller is told that it is not known.
            answer = new TransactionAnswer { Status = TransactionStatus.Unknown, Reason = "The answer is too large to be sent between servers." };
            size = PeerCodec.SizeOf(number, answer);
        }

        Send(PeerFrame.Answer, size, (number, answer), static (ref to, state) => PeerCodec.Write(ref to, state.number, state.answer));
        Ended();
    }

    /// <summary>A caller that does not take its answers is cut off; it then knows that it does not know.</summary>
    private void Send<TState>(PeerFrame kind, int size, TState state, FrameWriter<TState> write)
    {
        if (!_connection.Outbox.TryAppend(kind, size, state, write))
        {
            _connection.Break(new IOException("The other server does not take its answers, or has gone."));
        }
    }

    private void Ended()
    {
        if (Interlocked.Decrement(ref _running) == 0 && _takesNoMore)
        {
            _idle.TrySetResult();
        }
    }
}
