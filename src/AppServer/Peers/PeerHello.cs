using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Mjolnir.Core.Wire;

namespace Mjolnir.AppServer.Peers;

/// <summary>The other end of a link is not who it should be, or says so of us; the message tells why.</summary>
internal sealed class PeerRefusedException(string message) : Exception(message);

/// <summary>
/// How two servers get to know each other: each proves that it knows the cluster's token, by an HMAC over both challenges and names, without telling it.
/// <code>
/// caller   ─ version, challenge, own name, name called ─►
///          ◄─ version, challenge, proof ─                   or a refusal in plain words
///          ─ proof ─►
///          ◄─ welcome ─                                     or a refusal
/// </code>
/// The proofs of the two directions differ, so that nobody can pass one back. The link is not encrypted: it belongs on a network of the cluster's own.
/// </summary>
internal sealed class PeerHello
{
    private const int ChallengeBytes = 32;
    private const byte Welcome = 1;
    private const byte Refused = 0;

    private static readonly byte[] Magic = "MJPL"u8.ToArray();

    private readonly byte[] _key;
    private readonly string _name;

    public PeerHello(string name, string clusterToken)
    {
        _name = name;
        _key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(clusterToken), "mjolnir peers"u8);
    }

    /// <summary>The caller's half; returns when the other end has let us in.</summary>
    /// <exception cref="PeerRefusedException">one of the two does not want the other</exception>
    public async Task CallAsync(Socket socket, string called, CancellationToken cancellationToken)
    {
        var hello = Hello(called);
        await SendAsync(socket, hello, cancellationToken);
        var reply = await ReceiveAsync(socket, cancellationToken);
        var proof = ReadReply(reply, out var unproved);
        if (!CryptographicOperations.FixedTimeEquals(proof, Proof("called"u8, hello, unproved)))
        {
            throw new PeerRefusedException($"{called} does not know this cluster's token: its secrets are others than ours.");
        }

        await SendAsync(socket, Proof("caller"u8, hello, unproved), cancellationToken);
        var end = await ReceiveAsync(socket, cancellationToken);
        if (end is not [Welcome])
        {
            throw new PeerRefusedException(ReasonIn(end.AsMemory(end.Length > 0 ? 1 : 0)));
        }
    }

    /// <summary>The called server's half; gives the caller's name.</summary>
    /// <exception cref="PeerRefusedException">the caller is none of ours; it has been told</exception>
    public async Task<string> AnswerAsync(Socket socket, CancellationToken cancellationToken)
    {
        var hello = await ReceiveAsync(socket, cancellationToken);
        if (!hello.AsSpan().StartsWith(Magic))
        {
            // Not one of us at all: nothing to explain to it.
            throw new PeerRefusedException("Something that is no app server connected.");
        }

        if (hello.Length < Magic.Length + 1 || hello[Magic.Length] != PeerLimits.Version)
        {
            await RefuseAsync(socket, [.. Magic, PeerLimits.Version, Refused], $"{_name} speaks version {PeerLimits.Version} of the peer protocol only; upgrade the older of the two servers.", cancellationToken);
        }

        var (caller, called) = Names(hello);
        if (called != _name)
        {
            await RefuseAsync(socket, [.. Magic, PeerLimits.Version, Refused], $"This is {_name}, not {called}.", cancellationToken);
        }

        byte[] unproved = [.. Magic, PeerLimits.Version, Welcome, .. RandomNumberGenerator.GetBytes(ChallengeBytes)];
        await SendAsync(socket, [.. unproved, .. Proof("called"u8, hello, unproved)], cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(await ReceiveAsync(socket, cancellationToken), Proof("caller"u8, hello, unproved)))
        {
            await RefuseAsync(socket, [Refused], $"{caller} does not know the cluster's token of {_name}: its secrets are others.", cancellationToken);
        }

        await SendAsync(socket, [Welcome], cancellationToken);
        return caller;
    }

    private byte[] Hello(string called)
    {
        var hello = new byte[Magic.Length + 1 + ChallengeBytes + WireWriter.SizeOf(_name) + WireWriter.SizeOf(called)];
        var writer = new WireWriter(hello);
        writer.Bytes(Magic);
        writer.Byte(PeerLimits.Version);
        writer.Bytes(RandomNumberGenerator.GetBytes(ChallengeBytes));
        writer.Text(_name);
        writer.Text(called);
        return hello;
    }

    private static (string Caller, string Called) Names(byte[] hello)
    {
        var reader = new WireReader(hello);
        reader.Span(Magic.Length + 1 + ChallengeBytes);
        var names = (reader.Text(), reader.Text());
        return reader.Remaining == 0 ? names : throw reader.Damaged("something follows a hello");
    }

    private static byte[] ReadReply(byte[] reply, out byte[] unproved)
    {
        var head = Magic.Length + 2;
        unproved = [];
        if (reply.Length < head || !reply.AsSpan().StartsWith(Magic))
        {
            throw new PeerRefusedException("Something that is no app server answers there.");
        }

        if (reply[head - 1] != Welcome)
        {
            throw new PeerRefusedException(ReasonIn(reply.AsMemory(head)));
        }

        if (reply.Length != head + ChallengeBytes + HMACSHA256.HashSizeInBytes)
        {
            throw new PeerRefusedException("The other server's hello is malformed.");
        }

        unproved = reply[..(head + ChallengeBytes)];
        return reply[(head + ChallengeBytes)..];
    }

    private byte[] Proof(ReadOnlySpan<byte> whose, byte[] hello, byte[] unproved)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(whose);
        hash.AppendData(hello);
        hash.AppendData(unproved);
        return hash.GetHashAndReset();
    }

    private static string ReasonIn(ReadOnlyMemory<byte> text) => text.IsEmpty ? "The other server refused without a reason." : Encoding.UTF8.GetString(text.Span);

    private static async Task RefuseAsync(Socket socket, byte[] head, string reason, CancellationToken cancellationToken)
    {
        await SendAsync(socket, [.. head, .. Encoding.UTF8.GetBytes(reason)], cancellationToken);
        throw new PeerRefusedException(reason);
    }

    private static async Task SendAsync(Socket socket, byte[] content, CancellationToken cancellationToken)
    {
        var message = new byte[sizeof(uint) + content.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)content.Length);
        content.CopyTo(message, sizeof(uint));
        for (var sent = 0; sent < message.Length;)
        {
            sent += await socket.SendAsync(message.AsMemory(sent), cancellationToken);
        }
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(await ReceiveAsync(socket, sizeof(uint), cancellationToken));
        return length <= PeerLimits.HelloBytes
            ? await ReceiveAsync(socket, (int)length, cancellationToken)
            : throw new PeerRefusedException("Something that is no app server connected.");
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int length, CancellationToken cancellationToken)
    {
        var content = new byte[length];
        for (var received = 0; received < length;)
        {
            var count = await socket.ReceiveAsync(content.AsMemory(received), cancellationToken);
            received += count > 0 ? count : throw new EndOfStreamException("The other end closed the link in its hello.");
        }

        return content;
    }
}
