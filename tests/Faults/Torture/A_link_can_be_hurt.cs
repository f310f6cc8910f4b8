using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>The link itself, between a client and a service that sends back what it is sent.</summary>
public sealed class A_link_can_be_hurt : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AMoment = TimeSpan.FromMilliseconds(200);

    private readonly TcpListener _echo = new(IPAddress.Loopback, 0);
    private readonly List<byte> _asked = [];
    private FaultLink _link = null!;

    public Task InitializeAsync()
    {
        _echo.Start();
        _ = EchoAsync();
        _link = new FaultLink(((IPEndPoint)_echo.LocalEndpoint).Port);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _link.DisposeAsync();
        _echo.Dispose();
    }

    [Fact]
    public async Task Whole_it_passes_everything_and_the_end_of_a_connection_too()
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        var sent = new byte[1_000_000];
        new Random(1).NextBytes(sent);
        var received = new byte[sent.Length];
        var receiving = stream.ReadExactlyAsync(received).AsTask();
        await stream.WriteAsync(sent);
        await receiving.WaitAsync(Patience);
        Assert.Equal(sent, received);
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(received).AsTask().WaitAsync(Patience));
    }

    [Theory]
    [InlineData((int)Held.Requests, false)]
    [InlineData((int)Held.Answers, true)]
    [InlineData((int)Held.Both, false)]
    public async Task Held_back_bytes_wait_and_arrive_later(int held, bool arrivesThere)
    {
        using var client = await ConnectAsync();
        await ExchangeAsync(client, 1);
        _link.Hold((Held)held);
        await client.GetStream().WriteAsync(new byte[] { 2 });
        var answer = ReadAsync(client);
        await (arrivesThere ? UntilAskedAsync(2) : Task.Delay(AMoment));
        Assert.Equal(arrivesThere, Asked(2));
        Assert.False(answer.IsCompleted);

        _link.Heal();
        Assert.Equal(2, await answer.WaitAsync(Patience));
    }

    [Fact]
    public async Task Cut_it_resets_what_there_is_and_what_comes_until_it_heals()
    {
        using var client = await ConnectAsync();
        await ExchangeAsync(client, 1);
        _link.Cut();
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(client).WaitAsync(Patience));
        var refused = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            // The reset may come before this client knows that it is connected.
            using var another = await ConnectAsync();
            await ReadAsync(another).WaitAsync(Patience);
        });
        Assert.True(refused is IOException or SocketException, $"{refused}");

        _link.Heal();
        using var later = await ConnectAsync();
        await ExchangeAsync(later, 2);
    }

    [Fact]
    public async Task What_was_held_when_it_is_cut_never_arrives_although_it_took_effect()
    {
        using var client = await ConnectAsync();
        await ExchangeAsync(client, 1);
        _link.Hold(Held.Answers);
        await client.GetStream().WriteAsync(new byte[] { 2 });
        await UntilAskedAsync(2);
        _link.Cut();
        _link.Heal();
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(client).WaitAsync(Patience));
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _link.Port);
        return client;
    }

    private static async Task ExchangeAsync(TcpClient client, byte value)
    {
        await client.GetStream().WriteAsync(new[] { value });
        Assert.Equal(value, await ReadAsync(client).WaitAsync(Patience));
    }

    /// <summary>The next byte; an end is an error here.</summary>
    private static async Task<int> ReadAsync(TcpClient client)
    {
        var buffer = new byte[1];
        await client.GetStream().ReadExactlyAsync(buffer);
        return buffer[0];
    }

    private bool Asked(byte value)
    {
        lock (_asked)
        {
            return _asked.Contains(value);
        }
    }

    private async Task UntilAskedAsync(byte value)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!Asked(value))
        {
            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    private async Task EchoAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _echo.AcceptSocketAsync());
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test is over.
            return;
        }
    }

    private async Task EchoAsync(Socket client)
    {
        using var held = client;
        var buffer = new byte[4096];
        try
        {
            int bytes;
            while ((bytes = await client.ReceiveAsync(buffer)) > 0)
            {
                lock (_asked)
                {
                    _asked.AddRange(buffer.AsSpan(0, Math.Min(bytes, 16)).ToArray());
                }

                for (var sent = 0; sent < bytes;)
                {
                    sent += await client.SendAsync(buffer.AsMemory(sent, bytes - sent));
                }
            }
        }
        catch (SocketException)
        {
            // Reset, as the test wants it.
            return;
        }
    }
}
