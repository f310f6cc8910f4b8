using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>A byte of items in a memcached flips, as by bad memory: they stay, under new tokens, with other bytes. Speaks to the memcached itself, past everything that is ours.</summary>
internal static class DamagedItem
{
    /// <summary>Damages some of its items.</summary>
    /// <param name="port">of the memcached</param>
    /// <param name="items">how many, if there are so many</param>
    /// <param name="isWanted">which keys come into question</param>
    /// <param name="where">which of them and which byte of each, from 0 to 1: the same where the same is there</param>
    /// <param name="cancellationToken">gives up</param>
    /// <returns>their keys; none if there is no item with a value</returns>
    public static async Task<IReadOnlyList<string>> FlipAsync(int port, int items, Predicate<string> isWanted, double where, CancellationToken cancellationToken)
    {
        var damaged = new List<string>();
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, cancellationToken);
            var keys = (await KeysAsync(client.GetStream(), cancellationToken)).FindAll(isWanted);
            new Random((int)(where * int.MaxValue)).Shuffle(CollectionsMarshal.AsSpan(keys));
            foreach (var key in keys)
            {
                if (damaged.Count < items && await FlipAsync(client.GetStream(), key, where, cancellationToken))
                {
                    damaged.Add(key);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            // Killed by another fault, and what was damaged with it.
        }

        return damaged;
    }

    private static async Task<List<string>> KeysAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync("lru_crawler metadump all\r\n"u8.ToArray(), cancellationToken);
        var keys = new List<string>();
        while (await LineAsync(stream, cancellationToken) is var line && line != "END")
        {
            // "BUSY ..." while it is asked by somebody else: as if it had none.
            if (!line.StartsWith("key=", StringComparison.Ordinal))
            {
                return [];
            }

            keys.Add(Uri.UnescapeDataString(line["key=".Length..line.IndexOf(' ', StringComparison.Ordinal)]));
        }

        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    /// <summary>False if it has no value, or changed meanwhile.</summary>
    private static async Task<bool> FlipAsync(NetworkStream stream, string key, double where, CancellationToken cancellationToken)
    {
        var name = Convert.ToBase64String(Encoding.UTF8.GetBytes(key));
        await SendAsync(stream, $"mg {name} b v f t c\r\n", cancellationToken);
        var answer = (await LineAsync(stream, cancellationToken)).Split(' ');
        if (answer[0] != "VA")
        {
            return false;
        }

        var value = new byte[int.Parse(answer[1], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(value, cancellationToken);
        await LineAsync(stream, cancellationToken);
        if (value.Length == 0)
        {
            return false;
        }

        value[(int)(where * 7919 * value.Length) % value.Length] ^= 0x20;
        string Of(char flag) => answer.First(part => part[0] == flag)[1..];
        var lives = Of('t') == "-1" ? "" : $" T{Of('t')}";
        await SendAsync(stream, $"ms {name} {value.Length} b F{Of('f')} C{Of('c')}{lives}\r\n", cancellationToken);
        await stream.WriteAsync(value, cancellationToken);
        await SendAsync(stream, "\r\n", cancellationToken);
        return (await LineAsync(stream, cancellationToken)).StartsWith("HD", StringComparison.Ordinal);
    }

    private static ValueTask SendAsync(NetworkStream stream, string text, CancellationToken cancellationToken) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken);

    private static async Task<string> LineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var (line, one) = (new StringBuilder(), new byte[1]);
        while (true)
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)one[0]);
        }
    }
}
