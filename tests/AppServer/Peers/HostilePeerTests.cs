using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>Who connects to the port of a server without being one of its cluster, or is broken.</summary>
public sealed class HostilePeerTests
{
    private const int ProofBytes = HMACSHA256.HashSizeInBytes;

    [Fact]
    public async Task Servers_with_different_secrets_pass_each_other_nothing_and_say_why()
    {
        await using var cluster = await PeerCluster.StartAsync(settings => (settings.TokenOfA, settings.WaitForLinks) = (new string('z', 32), false));
        await PeerCluster.Until(() => cluster.Logs.Text.Contains("does not know this cluster's token", StringComparison.Ordinal), "the reason is logged");

        var answer = await cluster.A.Router.Route(PeerCluster.Transfer("x", "y", 1)).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None);

        Assert.Equal(TransactionStatus.Committed, answer.Status);
        Assert.Equal((0, 0), (cluster.A.Links.Connected, cluster.B.Listener.Callers));
        Assert.DoesNotContain(PeerCluster.Token, cluster.Logs.Text);
    }

    [Fact]
    public async Task A_caller_that_cannot_prove_itself_is_refused_in_plain_words()
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);
        await SendAsync(socket, Hello("A", "B"));
        await ReceiveAsync(socket);

        await SendAsync(socket, new byte[ProofBytes]);
        var refusal = await ReceiveAsync(socket);

        Assert.Equal(0, refusal[0]);
        Assert.Contains("does not know the cluster's token", Encoding.UTF8.GetString(refusal[1..]));
        Assert.Empty(await RestAsync(socket));
        Assert.Equal(1, cluster.B.Listener.Callers);
    }

    [Fact]
    public async Task The_servers_own_proof_sent_back_to_it_proves_nothing()
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);
        await SendAsync(socket, Hello("A", "B"));
        var reply = await ReceiveAsync(socket);

        await SendAsync(socket, reply[^ProofBytes..]);

        Assert.Equal(0, (await ReceiveAsync(socket))[0]);
    }

    [Fact]
    public async Task A_hello_that_was_heard_on_the_wire_opens_nothing_a_second_time()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var heard = new List<byte[]>();
        using (var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            listening.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
            listening.Listen();
            using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await caller.ConnectAsync(listening.LocalEndPoint!);
            using var between = await listening.AcceptAsync();
            using var server = await ConnectAsync(cluster);
            var hello = new PeerHello("C", PeerCluster.Token).CallAsync(caller, "B", CancellationToken.None);
            heard.Add(await PassAsync(between, server));
            await PassAsync(server, between);
            heard.Add(await PassAsync(between, server));
            Assert.Equal([1], await PassAsync(server, between));
            await hello;
        }

        await PeerCluster.Until(() => cluster.B.Listener.Callers == 1, "the first link has ended");
        using var replaying = await ConnectAsync(cluster);
        await SendAsync(replaying, heard[0]);
        await ReceiveAsync(replaying);
        await SendAsync(replaying, heard[1]);

        Assert.Equal(0, (await ReceiveAsync(replaying))[0]);
        Assert.Empty(await RestAsync(replaying));
        Assert.Equal(1, cluster.B.Listener.Callers);
    }

    [Fact]
    public async Task An_unknown_version_is_refused_with_the_one_that_is_spoken()
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);
        var hello = Hello("A", "B");
        hello[4] = PeerLimits.Version + 1;

        await SendAsync(socket, hello);

        Assert.Contains($"version {PeerLimits.Version} ", Encoding.UTF8.GetString(await ReceiveAsync(socket)));
    }

    [Fact]
    public async Task A_call_for_another_server_is_refused_by_name()
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);

        await SendAsync(socket, Hello("A", "C"));

        Assert.Contains("This is B, not C.", Encoding.UTF8.GetString(await ReceiveAsync(socket)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("\u0001\u0000\u0000\u0000x")]
    [InlineData("\u00ff\u00ff\u00ff\u007f")]
    [InlineData("\u0005\u0000\u0000\u0000MJPL\u0001")]
    public async Task Garbage_ends_its_own_connection_only(string garbage)
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);

        await socket.SendAsync(Encoding.Latin1.GetBytes(garbage));
        await RestAsync(socket);

        Assert.Equal(TransactionStatus.Committed, (await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None)).Status);
    }

    [Fact]
    public async Task Half_a_hello_is_waited_for_only_so_long()
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);

        await socket.SendAsync(new byte[] { 80, 0 });

        Assert.Empty(await RestAsync(socket));
        Assert.Contains("It said nothing in time.", cluster.Logs.Text);
    }

    [Fact]
    public async Task Strangers_cannot_take_all_places()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var strangers = new List<Socket>();
        for (var i = 0; i <= PeerLimits.Strangers; i++)
        {
            strangers.Add(await ConnectAsync(cluster));
        }

        // One more than there are places: it is sent away at once, while the others are still waited for.
        Assert.Empty(await RestAsync(strangers[^1]));
        Assert.Equal(1, cluster.B.Listener.Callers);
        strangers.ForEach(static stranger => stranger.Dispose());
    }

    [Theory]
    [InlineData("FFFFFF7F01")]
    [InlineData("0000000000")]
    [InlineData("0500000001FFFFFFFF")]
    [InlineData("0300000001010A")]
    [InlineData("0200000002AA")]
    [InlineData("0100000063")]
    public async Task A_broken_frame_ends_the_link_and_nothing_else(string frame)
    {
        await using var cluster = await PeerCluster.StartAsync();
        using var socket = await ConnectAsync(cluster);
        await new PeerHello("C", PeerCluster.Token).CallAsync(socket, "B", CancellationToken.None);
        await PeerCluster.Until(() => cluster.B.Listener.Callers == 2, "the link is accepted");

        await socket.SendAsync(Convert.FromHexString(frame));
        await RestAsync(socket);

        await PeerCluster.Until(() => cluster.B.Listener.Callers == 1, "the link has ended");
        Assert.Equal(TransactionStatus.Committed, (await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None)).Status);
    }

    [Fact]
    public async Task Any_bytes_in_a_frame_are_either_a_call_or_damage()
    {
        var random = new Random(5);
        var call = PeerCall.Of(3, PeerCluster.Transfer("x", "y", 1, id: "i", user: "u"), CallPassage.Passed, wantsKeys: true);
        var good = Encoded(call);
        Assert.Equal(call with { Args = default }, PeerCodec.ReadCall(good) with { Args = default, Inputs = default, Globals = default, Event = default });
        for (var i = 0; i < 20_000; i++)
        {
            var bad = good[..random.Next(good.Length + 1)];
            for (var flips = random.Next(3); flips > 0 && bad.Length > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            try
            {
                PeerCodec.ReadCall(bad);
                PeerCodec.ReadAnswer(bad);
            }
            catch (Core.CorruptDataException)
            {
                continue;
            }
        }

        await Task.CompletedTask;
    }

    private static byte[] Encoded(PeerCall call)
    {
        var bytes = new byte[PeerCodec.SizeOf(call)];
        var writer = new Core.Wire.WireWriter(bytes);
        PeerCodec.Write(ref writer, call);
        Assert.Equal(bytes.Length, writer.Position);
        return bytes;
    }

    private static byte[] Hello(string caller, string called) =>
        [.. "MJPL"u8, PeerLimits.Version, .. RandomNumberGenerator.GetBytes(32), (byte)caller.Length, .. Encoding.UTF8.GetBytes(caller), (byte)called.Length, .. Encoding.UTF8.GetBytes(called)];

    private static async Task<Socket> ConnectAsync(PeerCluster cluster)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(cluster.B.Listener.EndPoint);
        return socket;
    }

    /// <summary>As whoever sits on the network between two servers: hears a message and lets it pass.</summary>
    private static async Task<byte[]> PassAsync(Socket from, Socket to)
    {
        var message = await ReceiveAsync(from);
        await SendAsync(to, message);
        return message;
    }

    private static async Task SendAsync(Socket socket, byte[] content)
    {
        var message = new byte[sizeof(uint) + content.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)content.Length);
        content.CopyTo(message, sizeof(uint));
        await socket.SendAsync(message);
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        var length = new byte[sizeof(uint)];
        await stream.ReadExactlyAsync(length);
        var content = new byte[BinaryPrimitives.ReadUInt32LittleEndian(length)];
        await stream.ReadExactlyAsync(content);
        return content;
    }

    /// <summary>All that comes until the other end closes, pings left out.</summary>
    private static async Task<byte[]> RestAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var rest = new MemoryStream();
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), patience.Token) is > 0 and var count)
            {
                rest.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // Closed with our bytes unread: a reset instead of an end.
        }

        return rest.ToArray();
    }
}
