using System.Buffers;
using System.Net.WebSockets;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Telemetry;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Live;

/// <summary>Why the server ends a connection.</summary>
internal sealed record LiveClose(WebSocketCloseStatus Status, string Reason)
{
    public static readonly LiveClose SignedOut = new(WebSocketCloseStatus.PolicyViolation, "signed out");
    public static readonly LiveClose Stopping = new(WebSocketCloseStatus.EndpointUnavailable, "the server stops");
    public static readonly LiveClose TooLarge = new(WebSocketCloseStatus.MessageTooBig, "the message is too large");
    public static readonly LiveClose TooOften = new(WebSocketCloseStatus.PolicyViolation, "too many requests; wait a moment");
    public static readonly LiveClose NotText = new(WebSocketCloseStatus.InvalidMessageType, "messages are text");
    public static readonly LiveClose Failed = new(WebSocketCloseStatus.InternalServerError, "the page cannot be kept up to date");
    public static readonly LiveClose Done = new(WebSocketCloseStatus.NormalClosure, "");

    public static LiveClose Malformed(string fault) => new(WebSocketCloseStatus.InvalidPayloadData, fault.Length > 100 ? fault[..100] : fault);
}

/// <summary>
/// One WebSocket: a loop that receives and starts calls, and a loop that alone sends. Calls run side by side and are answered as they end. A call's place is free again when its
/// answer is sent, not before, so a client that does not listen is soon not listened to either. Of live values only the latest is ever kept.
/// </summary>
internal sealed class LiveConnection(WebSocket socket, Session? session, string address, LiveContext context)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private readonly LiveOutbox _outbox = new();
    private readonly SemaphoreSlim _places = new(AppServerLimits.LiveCallsInFlight);
    private readonly CancellationTokenSource _ended = new();
    private LiveView? _view;
    private IReadOnlyList<string>? _sentValues;
    private LiveView? _sentView;
    private int _allValuesWanted;
    private LiveClose? _close;

    public Session? Session { get; } = session;

    public async Task RunAsync()
    {
        SendHello();
        var sending = SendLoopAsync();
        try
        {
            Close(await ReceiveLoopAsync());
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The browser went without saying goodbye, or was cut off for being too slow.
            HttpLog.LiveEnded(context.Log, e.Message);
            await _ended.CancelAsync();
        }

        if (Interlocked.Exchange(ref _view, null) is { } view)
        {
            context.Views.Leave(view, this);
        }

        await sending;
        _ended.Dispose();
    }

    /// <summary>Something new may be there to send.</summary>
    public void Wake() => _outbox.Wake();

    public void SendReload() => _outbox.Add(LiveMessages.Reload);

    /// <summary>Ends the connection once what waits is sent. The first reason counts.</summary>
    public void Close(LiveClose reason)
    {
        Interlocked.CompareExchange(ref _close, reason, null);
        _outbox.Wake();
    }

    /// <summary>Ends it at once.</summary>
    public void Abort() => socket.Abort();

    private void SendHello()
    {
        var application = context.Current().Application;
        var message = Scratch();
        LiveMessages.WriteHello(message, Session?.User, application.Name, application.Version);
        _outbox.Add(message.WrittenSpan);
    }

    private async Task<LiveClose> ReceiveLoopAsync()
    {
        var buffer = new byte[AppServerLimits.LiveReceiveBytes];
        var length = 0;

        // A quiet connection is waited for as long as it answers pings; a message that was begun must come to its end, for it takes up memory.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return LiveClose.Done;
            }

            if (received.MessageType != WebSocketMessageType.Text)
            {
                return LiveClose.NotText;
            }

            if (length == 0 && !received.EndOfMessage)
            {
                patience.CancelAfter(AppServerLimits.LiveMessage);
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
                if (await TakeFrameAsync(buffer.AsMemory(0, length).ToArray()) is { } close)
                {
                    return close;
                }

                length = 0;
                if (buffer.Length > AppServerLimits.LiveReceiveBytes)
                {
                    // One large message is no reason to keep so much for the connection's life.
                    buffer = new byte[AppServerLimits.LiveReceiveBytes];
                }
            }
            else if (length == buffer.Length)
            {
                if (length >= AppServerLimits.BodyBytes)
                {
                    return LiveClose.TooLarge;
                }

                Array.Resize(ref buffer, Math.Min(length * 2, AppServerLimits.BodyBytes));
            }
        }
    }

    /// <summary>Starts what a frame asks for; one that is not JSON of messages asks for nothing. Not null: the connection must end.</summary>
    private async ValueTask<LiveClose?> TakeFrameAsync(ReadOnlyMemory<byte> frame)
    {
        var application = context.Current();
        if (CallReader.ReadFrame(frame, application, out var messages) is { } fault)
        {
            return LiveClose.Malformed(fault);
        }

        var places = PlacesOf(frame.Length, messages.Count);
        foreach (var message in messages)
        {
            if (Session is not null && await context.Sessions.CheckedAsync(Session, _ended.Token) is null)
            {
                return LiveClose.SignedOut;
            }

            if (Volatile.Read(ref _close) is { } closing)
            {
                return closing;
            }

            if (message.Type != MessageType.Page || message.Fault is not null)
            {
                await TakePlacesAsync(places);
                StartCall(application, message, places);
            }
            else if (context.Admission.TooOften(Session, address) is null)
            {
                Show(application, message);
            }
            else
            {
                return LiveClose.TooOften;
            }
        }

        return null;
    }

    /// <summary>Calls keep their frame in memory until they are answered, so large ones take more places: all of a connection together <see cref="AppServerLimits.LiveCallsInFlight"/> times <see cref="AppServerLimits.LiveBytesPerPlace"/>.</summary>
    private static int PlacesOf(int frameBytes, int messages) => 1 + (frameBytes / Math.Max(1, messages) / AppServerLimits.LiveBytesPerPlace);

    /// <summary>Only the receiving loop takes places, so that those who take many need not fear each other.</summary>
    private async ValueTask TakePlacesAsync(int places)
    {
        for (var i = 0; i < places; i++)
        {
            await _places.WaitAsync(_ended.Token);
        }
    }

    /// <summary>From now on this page's templates are live. A page of an older version, or none of ours, shows nothing.</summary>
    private void Show(ServedApplication application, in CallMessage message)
    {
        var next = message.Page is { Templates.Count: > 0 } page ? context.Views.Join(application, page, Session?.User, this) : null;
        var before = Interlocked.Exchange(ref _view, next);
        if (before is not null && before != next)
        {
            context.Views.Leave(before, this);
        }

        Volatile.Write(ref _allValuesWanted, 1);
        _outbox.Wake();
    }

    private void StartCall(ServedApplication application, CallMessage message, int places)
    {
        var refusal = Refuses(message);
        if (refusal is not null)
        {
            Interlocked.Increment(ref context.Metrics.Refused);
            var text = Scratch();
            CallAnswers.WriteRefused(text, message, refusal);
            _outbox.Add(text.WrittenSpan, places);
            return;
        }

        _ = RunCallAsync(application, message, places);
    }

    private Refusal? Refuses(in CallMessage message)
    {
        if (message.Fault is { } fault)
        {
            return new Refusal(400, fault);
        }

        if (message.Type == MessageType.Other)
        {
            return LiveEndpoint.UnknownType;
        }

        return message.Handler is { } handler
            ? handler.Refuses(Session) ?? context.Admission.Refuses(message, handler, Session, address)
            : LiveEndpoint.NoSuchHandler;
    }

    /// <summary>A call that was begun runs to its end even if the connection does not.</summary>
    private async Task RunCallAsync(ServedApplication application, CallMessage message, int places)
    {
        TransactionAnswer answer;
        using var span = TransactionSpan.Begin(message.TraceParent);
        try
        {
            answer = await context.Admission.RunAsync(message, message.Handler!, application, Session, default, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HttpLog.CallFaulted(context.Log, e, message.Handler!.Handler.Name);
            Interlocked.Increment(ref context.Metrics.Faults);
            answer = new TransactionAnswer { Status = TransactionStatus.Unknown };
        }

        context.Metrics.Answered(answer);
        TransactionSpan.Answered(span, message.Handler!.Handler.Name, answer);
        var text = Scratch();
        CallAnswers.WriteMessage(text, message, answer);
        _outbox.Add(text.WrittenSpan, places);
    }

    private async Task SendLoopAsync()
    {
        try
        {
            while (await _outbox.WaitAsync(_ended.Token))
            {
                var close = Volatile.Read(ref _close);
                await SendAllAsync();
                if (close is not null)
                {
                    await SayGoodbyeAsync(close);
                    return;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            HttpLog.LiveEnded(context.Log, e.Message);
            await CutOffAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HttpLog.LiveFaulted(context.Log, e);
            await CutOffAsync();
        }
    }

    /// <summary>Ends the receiving loop too, wherever it waits.</summary>
    private Task CutOffAsync()
    {
        socket.Abort();
        return _ended.CancelAsync();
    }

    private async ValueTask SendAllAsync()
    {
        AddUpdate();
        var frame = _outbox.Take(out var places);
        if (frame.IsEmpty)
        {
            return;
        }

        // One timer per frame; a frame carries many answers when there is much to do.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        patience.CancelAfter(AppServerLimits.LiveSend);
        await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        if (places > 0)
        {
            _places.Release(places);
        }
    }

    private void AddUpdate()
    {
        var view = Volatile.Read(ref _view);
        if (view?.Latest is not { } latest)
        {
            return;
        }

        // The page just named gets all its values, also if it is the one shown before.
        var sent = Interlocked.Exchange(ref _allValuesWanted, 0) == 0 && view == _sentView ? _sentValues : null;
        var message = Scratch();
        if (!ReferenceEquals(latest, sent) && LiveMessages.WriteUpdate(message, sent, latest))
        {
            Interlocked.Increment(ref context.Metrics.LiveUpdates);
            _outbox.Add(message.WrittenSpan);
        }

        (_sentView, _sentValues) = (view, latest);
    }

    private async Task SayGoodbyeAsync(LiveClose close)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var patience = new CancellationTokenSource(AppServerLimits.LiveClose);
            await socket.CloseOutputAsync(close.Status, close.Reason, patience.Token);
        }

        // The browser answers with its own goodbye, which ends the receiving loop; one that does not is not waited for.
        _ended.CancelAfter(AppServerLimits.LiveClose);
    }

    private static ArrayBufferWriter<byte> Scratch()
    {
        var scratch = _scratch;
        if (scratch is null || scratch.Capacity > AppServerLimits.KeptAnswerBytes)
        {
            _scratch = scratch = new ArrayBufferWriter<byte>(512);
        }

        scratch.ResetWrittenCount();
        return scratch;
    }
}
