using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Mjolnir.Cli.Bench.Bank;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>
/// Drives transfers over WebSockets with many in flight on each: for every answer that comes a new call goes out, and calls that can go out together share a frame. Answers are
/// counted by their status words, without parsing JSON.
/// </summary>
/// <param name="urls">servers; sockets are dealt out to them in turn</param>
/// <param name="cookies">one signed-in user per socket</param>
/// <param name="inFlight">calls under way on each socket</param>
/// <param name="accounts">accounts to choose from</param>
/// <param name="skew">Zipf's exponent</param>
internal sealed class LiveLoad(IReadOnlyList<Uri> urls, IReadOnlyList<string?> cookies, int inFlight, int accounts, double skew)
{
    private static readonly byte[] Committed = "\"status\":\"committed\""u8.ToArray();
    private static readonly byte[] AnyStatus = "\"status\":\""u8.ToArray();
    private static readonly byte[] NotEnoughMoney = "enough"u8.ToArray();

    private long _committed;
    private long _aborted;
    private long _other;

    /// <summary>What was answered in the measured time, per second, and how many answers were neither commits nor the bank's refusals.</summary>
    public async Task<(double PerSecond, long Aborted, long Other)> RunAsync(TimeSpan warmUp, TimeSpan duration, CancellationToken cancellationToken)
    {
        var clock = new LoadClock(warmUp, duration);
        await Task.WhenAll(cookies.Select((cookie, i) => DriveAsync(urls[i % urls.Count], cookie, i, clock, cancellationToken)));
        return (_committed / duration.TotalSeconds, _aborted, _other);
    }

    private async Task DriveAsync(Uri url, string? cookie, int seed, LoadClock clock, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", cookie ?? "");
        socket.Options.SetRequestHeader("Origin", $"http://{url.Authority}");
        await socket.ConnectAsync(new Uri($"ws://{url.Authority}/_mjolnir/live"), cancellationToken);
        var picker = new AccountPicker(accounts, skew, seed + 1);
        var text = new StringBuilder();
        var received = new ArrayBufferWriter<byte>(1 << 16);
        long number = 0;
        var under = 0;
        for (var due = inFlight; !clock.IsOver(Stopwatch.GetTimestamp()) || under > 0;)
        {
            if (clock.IsOver(Stopwatch.GetTimestamp()))
            {
                due = 0;
            }

            if (due > 0)
            {
                under += due;
                number = Write(text, picker, number, due);
                await socket.SendAsync(Encoding.ASCII.GetBytes(text.ToString()), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            }

            due = Count(await ReceiveAsync(socket, received, cancellationToken), clock.IsMeasured(Stopwatch.GetTimestamp()));
            under -= due;
        }
    }

    private static long Write(StringBuilder text, AccountPicker picker, long number, int count)
    {
        text.Clear().Append('[');
        for (var i = 0; i < count; i++)
        {
            var (from, to) = picker.NextPair();
            text.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$"""{"type":"tx","n":{{++number}},"handler":"transfer","args":["{{BankAccounts.Name(from)}}","{{BankAccounts.Name(to)}}",1]}""");
        }

        text.Append(']');
        return number;
    }

    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(ClientWebSocket socket, ArrayBufferWriter<byte> to, CancellationToken cancellationToken)
    {
        to.ResetWrittenCount();
        while (true)
        {
            var part = await socket.ReceiveAsync(to.GetMemory(1 << 14), cancellationToken);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new FailureException("the server closed a WebSocket");
            }

            to.Advance(part.Count);
            if (part.EndOfMessage)
            {
                return to.WrittenMemory;
            }
        }
    }

    private int Count(ReadOnlyMemory<byte> frame, bool measured)
    {
        var all = Occurrences(frame.Span, AnyStatus);
        var committed = Occurrences(frame.Span, Committed);
        var aborted = all == committed ? 0 : Math.Min(all - committed, Occurrences(frame.Span, NotEnoughMoney));
        if (measured)
        {
            Interlocked.Add(ref _committed, committed);
            Interlocked.Add(ref _aborted, aborted);
        }

        Interlocked.Add(ref _other, all - committed - aborted);
        return all;
    }

    private static int Occurrences(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        var count = 0;
        for (int at; (at = text.IndexOf(word)) >= 0; text = text[(at + word.Length)..])
        {
            count++;
        }

        return count;
    }
}
