using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;
using Mjolnir.Core.Wire;
using Mjolnir.Proxy.Calls;
using Mjolnir.Proxy.Servers;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Fuzz;

/// <summary>
/// Every reader of bytes from outside this process, from one seed each: whatever comes is either understood or refused in the one way that the reader declares, in time and memory that the input's length bounds. Where a checksum would
/// refuse all but the valid, the changed bytes get a right one, as an attacker's would. <c>MJOLNIR_LONG_TESTS</c> tries a hundred times as many.
/// </summary>
public sealed class Hostile_bytes
{
    /// <summary>Tens of milliseconds are the rule; the rest is the machine's other work.</summary>
    private static readonly TimeSpan LongestInput = TimeSpan.FromSeconds(20);

    /// <summary>What reading takes whatever the input: tables of types, the exception.</summary>
    private const long FixedBytes = 512 * 1024;

    /// <summary>Objects made for one byte of input, at most.</summary>
    private const long BytesPerByte = 512;

    private static readonly RowKey Key = RowKey.TryCreate("bank", "users", "a/b {x}", out var key) ? key : default;
    private static readonly Document Row = Document.FromText("""{"name":"alice","balance":100}""");

    private static int Inputs => Environment.GetEnvironmentVariable("MJOLNIR_LONG_TESTS") is null ? 4_000 : 400_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Envelopes_in_the_cache(int seed)
    {
        var version = new RowVersion(7, new Stamp("s1.5", 9), RowState.Present, Row);
        byte[][] valid = [EnvelopeCodec.Encode(Envelope.Of(version)), EnvelopeCodec.Encode(new Envelope(version, RowVersion.Absent, 8))];
        Try(seed, valid, static bytes => EnvelopeCodec.Decode(bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Batches_in_the_queue(int seed)
    {
        var batch = new Batch("s1.5", 9, 3, BatchKind.Records, 1_700_000_000_000, 2, [new Stamp("s2.1", 4)], [new BatchRecord(Key, 7, RowState.Present, Row), new BatchRecord(Key, 8, RowState.Tombstone, null)]);
        Try(seed, [BatchCodec.Encode(batch)], static bytes => BatchCodec.Decode(bytes), WithHash);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Manifests_chains_and_views_in_the_store(int seed)
    {
        var view = new ClusterView(3, [new ShardDescription("s1", "label")], [new SlotRange(0, Slots.Count - 1, 0, 1)], ["s1.5"]);
        Try(seed, [ViewCodec.Encode(view)], static bytes => ViewCodec.Decode("view", bytes), WithCheck);
        Try(seed, [LogDeclarationsCodec.Encode(new LogDeclarations("s1.5", ["a/t/x(c:t)"]))], static bytes => LogDeclarationsCodec.Decode("declared", bytes), WithCheck);
        Try(seed, [RunChainCodec.Encode(RunChainEntry.Empty)], static bytes => RunChainCodec.Decode("chain", bytes), WithCheck);
        var entry = new ManifestEntry("s1.5", 2, ManifestKind.Segment, 1, 9, 3, [new Stamp("s2.1", 4)], "writer", 0, 0);
        Try(seed, [ManifestCodec.Encode(entry, [])], static bytes => ManifestCodec.Decode("manifest", bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Segments_in_the_store(int seed)
    {
        var line = new byte[1024];
        var row = new SegmentRow(Key, new RowVersion(7, new Stamp("s1.5", 9), RowState.Present, Row)) { Time = 5 };
        var length = SegmentLine.Write(row, line);
        Try(seed, [line[..length].AsSpan().TrimEnd((byte)'\n').ToArray()], static bytes => SegmentLine.TryRead(bytes, out _));
        Try(seed, [GzipMember.Pack(line.AsSpan(0, length))], static bytes => GzipMember.Unpack("segment", 0, bytes, 100));
        var text = """
            {"index":{"format":1,"rows":1,"last":"bank/users/a"}}
            {"block":{"k":"bank/users/a","at":0,"size":10,"text":20,"hash":"00000000000000FF"}}
            {"filter":"AAAA"}

            """u8.ToArray();
        Try(seed, [text], static bytes =>
        {
            var member = GzipMember.Pack(bytes);
            SegmentIndex.Decode("segment", new SegmentFooter(10, member.Length, XxHash64.Hash(member)), member);
        });
        Try(seed, [GzipMember.Pack(text)], static bytes => SegmentIndex.Decode("segment", new SegmentFooter(10, bytes.Length, XxHash64.Hash(bytes)), bytes));
        Try(seed, [new SegmentFooter(10, 20, 30).Encode()], static bytes => SegmentFooter.Decode("segment", 30 + SegmentFooter.Size, bytes));
        Try(seed, ["s1.5:9"u8.ToArray(), "s1.5 9"u8.ToArray()], static bytes => StampText.TryParse(bytes, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Frames_between_servers(int seed)
    {
        var call = new PeerCall { Number = 3, Passage = CallPassage.Passed, Application = "bank", Version = "v", Handler = "send", User = "alice", Id = "i", Args = "[1]"u8.ToArray() };
        var bytes = new byte[PeerCodec.SizeOf(call)];
        var writer = new WireWriter(bytes);
        PeerCodec.Write(ref writer, call);
        var answer = new TransactionAnswer { Status = TransactionStatus.Aborted, Reason = "no", Touched = ["a", "b"] };
        var answered = new byte[PeerCodec.SizeOf(3, answer)];
        writer = new WireWriter(answered);
        PeerCodec.Write(ref writer, 3, answer);
        Try(seed, [bytes], static frame => PeerCodec.ReadCall(frame));
        Try(seed, [answered], static frame => PeerCodec.ReadAnswer(frame));
        Try(seed, [answered], static frame => PeerCodec.ReadNumber(frame));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Cookies(int seed)
    {
        var tokens = new SessionTokens([new byte[32]], "session|bank|Password");
        await using var ended = new EndedSessions("bank", new NoServers(), TimeProvider.System);
        var book = new SessionBook(tokens, ended, TimeProvider.System);
        var good = book.Token(book.Open("alice"));
        var cookies = new[] { $"mjolnir-session={good}", $"a=b; mjolnir-session=x; mjolnir-session={good}; c", "mjolnir-session=1.YQ.id.1.9999999999.AAAA" };
        Try(seed, [.. cookies.Select(Encoding.Latin1.GetBytes)], bytes =>
        {
            var found = SessionCookie.Find(Encoding.Latin1.GetString(bytes), book);
            Assert.True(found is null || found.User == "alice", "nobody else may come of it");
            Proxy.Http.SessionHint.User(Encoding.Latin1.GetString(bytes));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Calls_and_frames_of_messages(int seed)
    {
        using var folder = new Running.TestFolder();
        TargetApplication.Write(folder.At("app"));
        var application = new ServedApplication(Cli.Applications.AppFolder.Load(folder.At("app"), TextWriter.Null)!);
        byte[][] valid =
        [
            """{"id":"1","args":[1,[2,{"a":"\u00e9"}]],"inputs":{"to":{"value":"bob"}},"globals":{"cart":{}},"event":{"type":"click"},"page":"/index.html","partial":true,"n":-1.5e3}"""u8.ToArray(),
            """[{"type":"tx","n":1,"handler":"ping","args":[]},{"type":"page","page":"/"},{"type":"\ud83d\ude00"}]"""u8.ToArray(),
        ];
        Try(seed, valid, bytes => CallReader.Read(bytes, application, out _));
        Try(seed, valid, bytes => CallReader.ReadFrame(bytes, application, out _));
        Try(seed, valid, static bytes => CallBody.Read(bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Heads_of_answers_and_paths(int seed)
    {
        Try(seed, ["HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\nMjolnir-Keys: a,b\r\n\r\n"u8.ToArray()], static bytes => AnswerHead.Read(bytes, out _));
        Try(seed, ["/a%20b/%C3%A9.txt?x=1#y"u8.ToArray(), "http://site/a/../b"u8.ToArray()], static bytes =>
        {
            var path = RequestPath.Raw(Encoding.Latin1.GetString(bytes));
            if (RequestPath.TryRead(path, out var read))
            {
                Assert.StartsWith("/", read);
                Assert.DoesNotContain("/../", read);
                Assert.DoesNotContain('\0', read);
            }
        });
    }

    private static byte[] WithHash(byte[] bytes)
    {
        if (bytes.Length > sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - sizeof(ulong)), XxHash64.Hash(bytes.AsSpan(0, bytes.Length - sizeof(ulong))));
        }

        return bytes;
    }

    /// <summary>The check of our JSON objects stands at their end: <c>,"check":"…"}</c>.</summary>
    private static byte[] WithCheck(byte[] bytes)
    {
        var at = bytes.AsSpan().LastIndexOf(",\"check\":\""u8);
        return at < 0 ? bytes : [.. bytes.AsSpan(0, at), .. Encoding.ASCII.GetBytes($",\"check\":\"{XxHash64.Hash(bytes.AsSpan(0, at)).ToString("X16", CultureInfo.InvariantCulture)}\"}}\n")];
    }

    private static void Try(int seed, byte[][] valid, Action<byte[]> read, Func<byte[], byte[]>? seal = null)
    {
        var random = new Random(seed);
        foreach (var bytes in valid)
        {
            One(bytes, read, seed, -1);
        }

        for (var i = 0; i < Inputs; i++)
        {
            var bytes = Mutation.Of(valid[random.Next(valid.Length)], random);
            One(seal is not null && random.Next(4) > 0 ? seal(bytes) : bytes, read, seed, i);
        }
    }

    private static void One(byte[] bytes, Action<byte[]> read, int seed, int input)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        try
        {
            read(bytes);
        }
        catch (CorruptDataException)
        {
            // What the readers declare.
        }
        catch (Exception e)
        {
            Assert.Fail($"Input {input} of seed {seed} ({Convert.ToHexString(bytes)}): {e}");
        }

        var took = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(took <= FixedBytes + (BytesPerByte * bytes.Length), $"Input {input} of seed {seed} of {bytes.Length} bytes took {took} bytes.");
        Assert.True(Stopwatch.GetElapsedTime(began) < LongestInput, $"Input {input} of seed {seed} took {Stopwatch.GetElapsedTime(began)}.");
    }

    /// <summary>Looking at a cookie's bytes asks no server.</summary>
    private sealed class NoServers : ITransactionRouter
    {
        public ITransactions Any => throw new NotSupportedException();

        public ITransactions Route(TransactionCall call) => throw new NotSupportedException();

        public ITransactions Beside(RowKey key) => throw new NotSupportedException();
    }
}
