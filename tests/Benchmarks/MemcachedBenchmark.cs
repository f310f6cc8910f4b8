using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mjolnir.Memcached;
using Mjolnir.Services;

namespace Mjolnir.Benchmarks;

/// <summary>
/// Our client beside a bare socket loop, on the same memcached and with the same bytes: the loop sends a pass that was written beforehand, blocks until as many lines have come as the answers have,
/// and looks at none of them. One caller; both in turn, several rounds, the median of the ratios.
/// </summary>
internal static class MemcachedBenchmark
{
    private const int Rounds = 7;
    private const int ValueBytes = 100;
    private static readonly TimeSpan Once = TimeSpan.FromMilliseconds(400);

    public static async Task<int> RunAsync()
    {
        await using var service = await MemcachedService.StartAsync(new MemcachedServiceOptions { Port = Programs.FreePorts(1)[0] }, CancellationToken.None);
        Console.WriteLine("verb  pass   bare op/s   client op/s  ratio   bare µs CPU/op  client µs CPU/op   pooled ratio");
        foreach (var verb in new[] { MemcachedVerb.Set, MemcachedVerb.Get })
        {
            foreach (var operations in new[] { 1, 16, 128 })
            {
                await CompareAsync(service.Address, verb, operations);
            }
        }

        return 0;
    }

    private static async Task CompareAsync(string address, MemcachedVerb verb, int operations)
    {
        await using var inline = new MemcachedConnection(MemcachedAddress.Parse(address), continueInline: true);
        await using var pooled = new MemcachedConnection(MemcachedAddress.Parse(address));
        using var bare = new BareLoop(address, verb, operations);
        await inline.RunAsync(new Pass(MemcachedVerb.Set, operations));
        var (ofBare, ofInline, ofPooled) = (new List<Figures>(), new List<Figures>(), new List<Figures>());
        for (var round = 0; round < Rounds; round++)
        {
            ofBare.Add(await MeasureAsync(operations, until => Task.FromResult(bare.Run(until))));
            ofInline.Add(await MeasureAsync(operations, until => ClientAsync(inline, verb, operations, until)));
            ofPooled.Add(await MeasureAsync(operations, until => ClientAsync(pooled, verb, operations, until)));
        }

        var ratio = Median(ofInline.Zip(ofBare, (client, loop) => client.Rate / loop.Rate));
        var ratioPooled = Median(ofPooled.Zip(ofBare, (client, loop) => client.Rate / loop.Rate));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{verb,-4}{operations,6}{Median(ofBare.Select(f => f.Rate)),12:N0}{Median(ofInline.Select(f => f.Rate)),14:N0}{ratio,7:F2}{Median(ofBare.Select(f => f.Cpu)),17:F2}{Median(ofInline.Select(f => f.Cpu)),18:F2}{ratioPooled,15:F2}"));
    }

    private static async Task<Figures> MeasureAsync(int operations, Func<Func<bool>, Task<long>> run)
    {
        // Off the thread that the run before ended on.
        return await Task.Run(async () =>
        {
            var process = Process.GetCurrentProcess();
            var cpu = process.TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var done = operations * await run(() => watch.Elapsed < Once);
            var elapsed = watch.Elapsed;
            process.Refresh();
            return new Figures(done / elapsed.TotalSeconds, (process.TotalProcessorTime - cpu).TotalMicroseconds / done);
        });
    }

    private static async Task<long> ClientAsync(MemcachedConnection connection, MemcachedVerb verb, int operations, Func<bool> goOn)
    {
        var pass = new Pass(verb, operations);
        long passes = 0;
        for (; goOn(); passes++)
        {
            await connection.RunAsync(pass);
        }

        return pass.Answered == passes * operations ? passes : throw new InvalidOperationException("an operation was not answered as it should be");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Key(int i) => $"1:bank/users/user{i:D6}";

    private readonly record struct Figures(double Rate, double Cpu);

    private sealed class Pass(MemcachedVerb verb, int operations) : IMemcachedPass
    {
        private readonly string[] _keys = [.. Enumerable.Range(0, operations).Select(Key)];
        private readonly byte[] _value = new byte[ValueBytes];

        public int Count => _keys.Length;

        public long Answered { get; private set; }

        public bool TryAsk(int index, out MemcachedRequest request)
        {
            request = new MemcachedRequest(verb, _keys[index], _value);
            return true;
        }

        public ReadOnlyMemory<byte> ValueOf(int index) => _value;

        public void Answer(int index, MemcachedAnswer answer) => Answered += answer.Status is MemcachedStatus.Stored || answer.Value.Length == ValueBytes ? 1 : 0;

        public void End(long incarnation, bool complete)
        {
        }
    }

    private sealed class BareLoop : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] _pass;
        private readonly byte[] _buffer = new byte[65536];
        private readonly int _lines;

        public BareLoop(string address, MemcachedVerb verb, int operations)
        {
            var value = new string('\0', ValueBytes);
            _pass = [.. Enumerable.Range(0, operations).SelectMany(i => System.Text.Encoding.ASCII.GetBytes(
                verb == MemcachedVerb.Get ? $"mg {Key(i)} v c O0000\r\n" : $"ms {Key(i)} {ValueBytes} c O0000\r\n{value}\r\n"))];
            _lines = operations * (verb == MemcachedVerb.Get ? 2 : 1);
            _socket.Connect(IPEndPoint.Parse(address));
        }

        public long Run(Func<bool> goOn)
        {
            long passes = 0;
            for (; goOn(); passes++)
            {
                _socket.Send(_pass);
                for (var lines = 0; lines < _lines;)
                {
                    lines += _buffer.AsSpan(0, _socket.Receive(_buffer)).Count((byte)'\n');
                }
            }

            return passes;
        }

        public void Dispose() => _socket.Dispose();
    }
}
