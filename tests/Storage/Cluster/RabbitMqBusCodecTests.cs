using System.Buffers;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.Storage.Tests.Cluster;

public sealed class RabbitMqBusCodecTests
{
    private static readonly CommitNotice Commit = new("s1.3", 1_000_000_007, [Key("alice"), Key("bob ü/%")]);
    private static readonly ServerBeat Beat = new("s1", "run", "http://10.0.0.5:9001", "10.0.0.5:9101", "10.0.0.5:11211", "s1.3", 42, 7, true, false, ["s1.2"]);

    [Fact]
    public void Notices_come_out_as_they_went_in()
    {
        var (commits, notices, leftOut) = Read(Message(Commit, Beat, Commit with { Sealed = true, Changed = [] }));
        Assert.Equal(0, leftOut);
        Assert.Equal([("s1.3", 1_000_000_007L, 2, false), ("s1.3", 1_000_000_007L, 0, true)], commits.Select(one => (one.Log, one.DurableBatch, one.Changed.Count, one.Sealed)));
        Assert.Equal(Commit.Changed, commits[0].Changed);
        Assert.Equivalent(Beat, Assert.Single(notices), strict: true);
    }

    [Fact]
    public void Every_kind_of_notice_survives()
    {
        ClusterNotice[] all = [Beat, new WorkerBeat("w1", "run", [new("s1.3", 5, 2)]), new KeeperBeat("run", 9, 8, [new("label", 8)]), new ShardTrouble("s1", "label", "it was flushed")];
        var (_, notices, _) = Read(Message([.. all]));
        Assert.Equivalent(all, notices, strict: true);
    }

    [Fact]
    public void The_bytes_of_a_commit_notice_are_pinned()
    {
        Assert.Equal("4D010807060504030201" + "0119" + "00" + "8794EBDC03" + "04" + "73312E33" + "01" + "0C" + "62616E6B2F752F616C696365",
            Convert.ToHexString(Message(Commit with { Changed = [RowKey.FromText("bank/u/alice")] })));
    }

    [Fact]
    public void A_message_that_is_cut_off_anywhere_is_read_as_far_as_it_goes()
    {
        var message = Message(Commit, Beat);
        for (var length = RabbitMqBusCodec.HeaderSize; length < message.Length; length++)
        {
            var (commits, notices, leftOut) = Read(message[..length]);
            Assert.True(commits.Count + notices.Count < 2);
            Assert.True(leftOut == 1 || length == RabbitMqBusCodec.HeaderSize || (commits.Count == 1 && notices.Count == 0 && leftOut == 0));
        }
    }

    [Fact]
    public void A_message_of_a_later_format_is_refused_by_its_number()
    {
        var message = Message(Commit);
        message[1] = 9;
        Assert.False(RabbitMqBusCodec.TryReadSender(message, out _));
        Assert.Equal("A message of format 9 on the bus; this program knows format 1 (in mjolnir.bank.bus)", RabbitMqBusCodec.Refusal("mjolnir.bank.bus", message).Message);
        Assert.Equal("A message on the bus that does not begin as ours do (in mjolnir.bank.bus)", RabbitMqBusCodec.Refusal("mjolnir.bank.bus", [1]).Message);
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(7);
        var good = Message(Commit, Beat);
        for (var round = 0; round < 20_000; round++)
        {
            var message = good.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                message[random.Next(RabbitMqBusCodec.HeaderSize, message.Length)] = (byte)random.Next(256);
            }

            Read(message[..random.Next(RabbitMqBusCodec.HeaderSize, message.Length + 1)]);
        }
    }

    [Fact]
    public void A_message_of_somebody_else_is_none_of_ours()
    {
        Assert.False(RabbitMqBusCodec.TryReadSender("hello, world"u8, out _));
        Assert.False(RabbitMqBusCodec.TryReadSender("M"u8, out _));
        Assert.True(RabbitMqBusCodec.TryReadSender(Message(Beat), out var sender));
        Assert.Equal(0x0102030405060708UL, sender);
    }

    [Fact]
    public void A_kind_of_a_newer_version_is_left_out_and_what_follows_is_read()
    {
        byte[] message = [.. Message(), 99, 2, 1, 2, .. Message(Beat)[RabbitMqBusCodec.HeaderSize..]];
        var (_, notices, leftOut) = Read(message);
        Assert.Equal(1, leftOut);
        Assert.Single(notices);
    }

    [Fact]
    public void A_notice_with_many_rows_is_sent_in_parts_that_all_say_the_watermark()
    {
        var keys = Enumerable.Range(0, 5_000).Select(at => Key($"user{at}")).ToArray();
        var parts = RabbitMqBusCodec.Split(Commit with { Changed = keys }, 4096).ToList();
        Assert.True(parts.Count > 10);
        Assert.All(parts, part => Assert.True(Message(part).Length <= 4096 && part.DurableBatch == Commit.DurableBatch));
        Assert.Equal(keys, parts.SelectMany(part => part.Changed));
        Assert.Same(Commit, Assert.Single(RabbitMqBusCodec.Split(Commit, 4096)));
    }

    private static RowKey Key(string primaryKey) => RowKey.TryCreate("bank", "users", primaryKey, out var key) ? key : throw new ArgumentException(primaryKey);

    private static byte[] Message(params object[] notices)
    {
        var message = new ArrayBufferWriter<byte>();
        RabbitMqBusCodec.WriteHeader(message, 0x0102030405060708);
        foreach (var notice in notices)
        {
            if (notice is CommitNotice commit)
            {
                RabbitMqBusCodec.Write(message, commit);
            }
            else
            {
                RabbitMqBusCodec.Write(message, (ClusterNotice)notice);
            }
        }

        return message.WrittenSpan.ToArray();
    }

    private static (List<CommitNotice> Commits, List<ClusterNotice> Notices, int LeftOut) Read(byte[] message)
    {
        var (commits, notices) = (new List<CommitNotice>(), new List<ClusterNotice>());
        var leftOut = RabbitMqBusCodec.Read(message, commits.Add, notices.Add);
        return (commits, notices, leftOut);
    }
}
