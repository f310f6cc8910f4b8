using System.Net.Sockets;
using System.Text;

namespace Mjolnir.Memcached.Tests.Connections;

/// <summary>Whatever a server sends: no pass hangs, no wrong answer is given, no memory without bound is taken; and the next connection is a new start.</summary>
public sealed class HostileServerTests
{
    private static readonly MemcachedLimits Limits = new() { Pass = TimeSpan.FromSeconds(1), FirstPause = TimeSpan.FromMilliseconds(1) };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Three gets, answered: a hit with a value that looks like answers, a miss, a hit.</summary>
    private static readonly string[] Answers = ["VA 11 c5 O0000\r\nEN\r\nHD c1\r\n\r\n", "EN\r\n", "VA 1 c6 O0002\r\nz\r\n"];

    [Fact]
    public async Task An_answer_in_any_two_pieces_is_the_same_answer()
    {
        var all = string.Concat(Answers);
        for (var at = 0; at <= all.Length; at++)
        {
            var (first, second) = (all[..at], all[at..]);
            var pass = await RunAsync(async (socket, _, stop) =>
            {
                await HostileServer.ReadUntilAsync(socket, "O0002\r\n", stop);
                await SendAsync(socket, first);
                await Task.Yield();
                await SendAsync(socket, second);
                await HostileServer.ReadUntilAsync(socket, "never", stop);
            });
            AssertRight(pass);
        }
    }

    [Fact]
    public async Task An_answer_byte_by_byte_is_the_same_answer()
    {
        var pass = await RunAsync(async (socket, _, stop) =>
        {
            await HostileServer.ReadUntilAsync(socket, "O0002\r\n", stop);
            foreach (var character in string.Concat(Answers))
            {
                await SendAsync(socket, character.ToString());
            }

            await HostileServer.ReadUntilAsync(socket, "never", stop);
        });
        AssertRight(pass);
    }

    [Fact]
    public async Task A_connection_closed_at_any_byte_leaves_the_pass_unknown()
    {
        var all = string.Concat(Answers);
        for (var at = 0; at < all.Length; at++)
        {
            var sent = all[..at];
            var pass = await RunAsync(async (socket, _, stop) =>
            {
                await HostileServer.ReadUntilAsync(socket, "O0002\r\n", stop);
                await SendAsync(socket, sent);
            });
            AssertUnknown(pass);
        }
    }

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 2, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    public async Task Answers_in_a_wrong_order_are_noticed(int first, int second, int third) =>
        AssertUnknown(await RunAsync(Answering(Answers[first] + Answers[second] + Answers[third])));

    [Theory]
    [InlineData("VA 11 c5 O0001\r\nEN\r\nHD c1\r\n\r\n")] // another operation's number
    [InlineData("VA 11 c5\r\nEN\r\nHD c1\r\n\r\n")] // none
    [InlineData("VA 1048577 c5 O0000\r\n")]
    [InlineData("VA 99999999999999999999 c5 O0000\r\n")]
    [InlineData("VA 11 c281474976710656 O0000\r\nEN\r\nHD c1\r\n\r\n")] // a token beyond what the incarnation leaves room for
    [InlineData("VA 11 c5 O0000\r\nEN\r\nHD c1\r\nXX")]
    [InlineData("HD O0000\r\n")]
    [InlineData("NF O0000\r\n")]
    [InlineData("STORED\r\n")]
    [InlineData("ERROR\r\n")]
    [InlineData("CLIENT_ERROR bad data chunk\r\n")]
    [InlineData("SERVER_ERROR out of memory reading request\r\n")]
    [InlineData("END\r\n")]
    [InlineData("\0\0\0\0\r\n")]
    public async Task An_answer_that_makes_no_sense_ends_the_connection(string answer) =>
        AssertUnknown(await RunAsync(Answering(answer + Answers[1] + Answers[2])));

    [Fact]
    public async Task More_answers_than_questions_end_the_connection_and_what_came_with_them_is_not_believed() =>
        AssertUnknown(await RunAsync(Answering(string.Concat(Answers) + "EN\r\n")));

    [Fact]
    public async Task An_answer_before_any_question_ends_the_connection()
    {
        var losses = new SemaphoreSlim(0);
        await using var server = new HostileServer(async (socket, number, stop) =>
        {
            if (number <= 2)
            {
                await SendAsync(socket, "EN\r\n");
                losses.Release();
            }

            await HostileServer.ReadUntilAsync(socket, "never", stop);
        });
        await using var connection = new MemcachedConnection(server.Address, Limits);
        await losses.WaitAsync().WaitAsync(Patience);
        await losses.WaitAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_server_that_accepts_and_closes_is_not_asked_in_a_busy_loop()
    {
        var connections = 0;
        await using var server = new HostileServer((_, number, _) =>
        {
            connections = number;
            return Task.CompletedTask;
        });
        await using var connection = new MemcachedConnection(server.Address, Limits with { FirstPause = TimeSpan.FromMilliseconds(50) });
        Assert.Equal(MemcachedStatus.Unknown, (await Asking.OneAsync(connection, MemcachedVerb.Get, "k").WaitAsync(Patience)).Status());
        Assert.Equal(MemcachedStatus.Unknown, (await Asking.OneAsync(connection, MemcachedVerb.Get, "k").WaitAsync(Patience)).Status());
        await Task.Delay(TimeSpan.FromMilliseconds(500));

        // 50, 100, 200, 400 ms between them.
        Assert.InRange(connections, 2, 12);
    }

    [Fact]
    public async Task No_answer_in_time_is_unknown_and_an_answer_that_comes_late_reaches_nobody()
    {
        await using var server = new HostileServer(async (socket, number, stop) =>
        {
            await HostileServer.ReadUntilAsync(socket, "\r\n", stop);
            if (number == 1)
            {
                // Until the client has given it up; then late answers.
                await HostileServer.ReadUntilAsync(socket, "never", stop);
                await SendAsync(socket, string.Concat(Answers));
            }
            else
            {
                await SendAsync(socket, "VA 1 c9 O0003\r\n2\r\n");
                await HostileServer.ReadUntilAsync(socket, "never", stop);
            }
        });
        await using var connection = new MemcachedConnection(server.Address, Limits);
        var pass = ThreeGets();
        await connection.RunAsync(pass).AsTask().WaitAsync(Patience);
        AssertUnknown(pass);
        Assert.Equal(2, connection.Incarnation);
        Assert.Contains("in time", connection.LastFault);
        var next = await Asking.OneAsync(connection, MemcachedVerb.Get, "k");
        Assert.Equal((MemcachedStatus.Hit, "2", 2L), (next.Status(), next.Value(), next.Incarnation));
    }

    [Fact]
    public async Task An_endless_line_and_endless_figures_are_cut_off_within_bounds()
    {
        foreach (var verb in new[] { MemcachedVerb.Get, MemcachedVerb.Statistics })
        {
            long sent = 0;
            await using var server = new HostileServer(async (socket, _, stop) =>
            {
                await HostileServer.ReadUntilAsync(socket, "\r\n", stop);
                var junk = Encoding.ASCII.GetBytes(verb == MemcachedVerb.Get ? new string('a', 4096) : string.Concat(Enumerable.Repeat("STAT a 1\r\n", 400)));
                while (true)
                {
                    sent += await socket.SendAsync(junk, stop);
                }
            });
            await using var connection = new MemcachedConnection(server.Address, Limits);
            var pass = await Asking.OneAsync(connection, verb, "k").WaitAsync(Patience);
            Assert.Equal(MemcachedStatus.Unknown, pass.Status());
            Assert.InRange(sent, 1, 32_000_000);
        }
    }

    [Fact]
    public async Task Random_bytes_never_make_a_pass_hang_or_answer_what_was_not_said()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var answer = Damage(string.Concat(Answers), random);
            var pass = await RunAsync(Answering(answer));

            // A change inside a value or a token is no fault that a client could see; then the pass is complete, and the miss still a miss.
            if (pass.Complete)
            {
                Assert.Equal((MemcachedStatus.Hit, MemcachedStatus.Miss, MemcachedStatus.Hit), (pass.Status(0), pass.Status(1), pass.Status(2)));
            }
        }
    }

    [Fact]
    public async Task A_server_that_reads_slowly_gets_all_of_it_in_order()
    {
        const int Count = 60;
        var value = new string('v', 100_000);
        await using var server = new HostileServer(async (socket, _, stop) =>
        {
            var expected = (long)Count * value.Length;
            var buffer = new byte[1_000_000];
            for (long read = 0; read < expected;)
            {
                read += await socket.ReceiveAsync(buffer, stop);
                await Task.Delay(1, stop);
            }

            for (uint i = 0; i < Count; i++)
            {
                await SendAsync(socket, $"HD c{i + 1} O00{(char)('0' + (i >> 6))}{(char)('0' + (i & 63))}\r\n");
            }

            await HostileServer.ReadUntilAsync(socket, "never", stop);
        });
        await using var connection = new MemcachedConnection(server.Address, Limits with { Pass = TimeSpan.FromSeconds(5) });
        var pass = new Asking([.. Enumerable.Range(0, Count).Select(i => Asking.Request(MemcachedVerb.Set, $"k{i}", value))]);
        await connection.RunAsync(pass).AsTask().WaitAsync(Patience);
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal((MemcachedStatus.Stored, (ulong)i + 1), (pass.Status(i), pass.Token(i))));
    }

    [Fact]
    public async Task A_server_that_reads_nothing_is_given_up_in_time()
    {
        await using var server = new HostileServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var connection = new MemcachedConnection(server.Address, Limits);
        var pass = new Asking([.. Enumerable.Range(0, 60).Select(i => Asking.Request(MemcachedVerb.Set, $"k{i}", new string('v', 500_000)))]);
        await connection.RunAsync(pass).AsTask().WaitAsync(Patience);
        Assert.Equal(MemcachedStatus.Unknown, pass.Status(59));
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_given_up_long_before_a_pass_may_have_lasted_too_long()
    {
        await using var server = new HostileServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var connection = new MemcachedConnection(server.Address, Limits with { Pass = 3 * Patience });
        var pass = ThreeGets();
        await connection.RunAsync(pass).AsTask().WaitAsync(Patience);
        AssertUnknown(pass);
    }

    [Fact]
    public async Task A_server_that_answers_slowly_is_listened_to_as_long_as_it_does_not_fall_silent()
    {
        var pass = await RunAsync(
            async (socket, _, stop) =>
            {
                await HostileServer.ReadUntilAsync(socket, "O0002\r\n", stop);
                foreach (var character in string.Concat(Answers))
                {
                    await SendAsync(socket, character.ToString());
                    await Task.Delay(40, stop);
                }

                await HostileServer.ReadUntilAsync(socket, "never", stop);
            },
            Limits with { Pass = 2 * Patience, Silence = TimeSpan.FromSeconds(1.5) });
        AssertRight(pass);
    }

    private static string Damage(string text, Random random)
    {
        var characters = text.ToCharArray().ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(characters.Count);
            switch (random.Next(3))
            {
                case 0:
                    characters[at] = (char)random.Next(256);
                    break;
                case 1:
                    characters.RemoveAt(at);
                    break;
                default:
                    characters.Insert(at, (char)random.Next(256));
                    break;
            }
        }

        return new string([.. characters]);
    }

    private static Func<Socket, int, CancellationToken, Task> Answering(string text) => async (socket, _, stop) =>
    {
        await HostileServer.ReadUntilAsync(socket, "O0002\r\n", stop);
        await SendAsync(socket, text);
        socket.Shutdown(SocketShutdown.Send);
        await HostileServer.ReadUntilAsync(socket, "never", stop);
    };

    private static async Task<Asking> RunAsync(Func<Socket, int, CancellationToken, Task> script, MemcachedLimits? limits = null)
    {
        await using var server = new HostileServer(script);
        await using var connection = new MemcachedConnection(server.Address, limits ?? Limits);
        var pass = ThreeGets();
        await connection.RunAsync(pass).AsTask().WaitAsync(Patience);
        Assert.True(pass.Complete || connection.Incarnation > pass.Incarnation || connection.Incarnation > 1);
        return pass;
    }

    private static Asking ThreeGets() =>
        new(Asking.Request(MemcachedVerb.Get, "a"), Asking.Request(MemcachedVerb.Get, "b"), Asking.Request(MemcachedVerb.Get, "c"));

    private static void AssertRight(Asking pass)
    {
        Assert.Equal((MemcachedStatus.Hit, 5UL, "EN\r\nHD c1\r\n"), (pass.Status(0), pass.Token(0), pass.Value(0)));
        Assert.Equal(MemcachedStatus.Miss, pass.Status(1));
        Assert.Equal((MemcachedStatus.Hit, 6UL, "z"), (pass.Status(2), pass.Token(2), pass.Value(2)));
    }

    private static void AssertUnknown(Asking pass) =>
        Assert.All(Enumerable.Range(0, pass.Count), i => Assert.Equal(MemcachedStatus.Unknown, pass.Status(i)));

    private static Task<int> SendAsync(Socket socket, string text) => socket.SendAsync(Encoding.Latin1.GetBytes(text));
}
