using System.Text;
using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Tests.Wire;

/// <summary>The bytes of each verb, as memcached's protocol.txt has them.</summary>
public sealed class RequestWriterTests
{
    [Theory]
    [InlineData(MemcachedVerb.Get, "mg 1:k v c O0001\r\n")]
    [InlineData(MemcachedVerb.GetOrLease, "mg 1:k v c N30 O0001\r\n")]
    [InlineData(MemcachedVerb.Set, "ms 1:k 3 c O0001\r\nabc\r\n")]
    [InlineData(MemcachedVerb.Add, "ms 1:k 3 ME c O0001\r\nabc\r\n")]
    [InlineData(MemcachedVerb.CompareAndSet, "ms 1:k 3 C77 c O0001\r\nabc\r\n")]
    [InlineData(MemcachedVerb.AddKeeping, "add 1:k 0 0 3\r\nabc\r\nmg 1:k v c O0001\r\n")]
    [InlineData(MemcachedVerb.CompareAndSetKeeping, "cas 1:k 0 0 3 77\r\nabc\r\nmg 1:k v c O0001\r\n")]
    [InlineData(MemcachedVerb.CompareAndDelete, "md 1:k C77 O0001\r\n")]
    [InlineData(MemcachedVerb.FlushAll, "flush_all\r\n")]
    [InlineData(MemcachedVerb.Collect, "lru_crawler crawl all\r\n")]
    [InlineData(MemcachedVerb.Statistics, "stats 1:k\r\n")]
    public void A_verb_has_these_bytes(MemcachedVerb verb, string expected)
    {
        var buffer = new SendBuffer();
        RequestWriter.Write(buffer, new MemcachedRequest(verb, "1:k", "abc"u8.ToArray(), 77), 1, 30);
        Assert.Equal(expected, Encoding.UTF8.GetString(buffer.Unsent));
    }

    [Fact]
    public void The_longest_operation_fits_behind_others_of_any_size()
    {
        var key = new string('é', MemcachedLimits.KeyBytes / 2);
        var buffer = new SendBuffer();
        var expected = 0;
        for (var size = 0; size < 300_000; size += 9_999)
        {
            RequestWriter.Write(buffer, new MemcachedRequest(MemcachedVerb.CompareAndSetKeeping, key, new byte[size], ulong.MaxValue), Opaque.Mask, 30);
            expected += $"cas {key} 0 0 {size} {ulong.MaxValue}\r\n\r\nmg {key} v c Ooooo\r\n".Length + (2 * key.Length) + size;
        }

        Assert.Equal(expected, buffer.Length);
    }

    [Fact]
    public void Numbers_of_operations_are_read_as_they_were_written()
    {
        var text = new byte[Opaque.Characters];
        for (uint number = 0; number <= Opaque.Mask; number += 9_973)
        {
            Opaque.Write(text, number);
            Assert.True(Opaque.TryRead(text, out var read));
            Assert.Equal(number, read);
            Assert.DoesNotContain(text, c => c <= ' ' || c >= 127);
        }
    }

    [Theory]
    [InlineData("k", true)]
    [InlineData("1:bank/users/Zoë", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\r\nflush_all", false)]
    [InlineData("a\u007f", false)]
    public void A_key_is_text_without_spaces_and_control_characters(string key, bool valid) => Assert.Equal(valid, MemcachedKey.IsValid(key));

    [Fact]
    public void A_key_is_at_most_250_bytes_long()
    {
        Assert.True(MemcachedKey.IsValid(new string('k', 250)));
        Assert.False(MemcachedKey.IsValid(new string('k', 251)));
        Assert.True(MemcachedKey.IsValid(new string('é', 125)));
        Assert.False(MemcachedKey.IsValid(new string('é', 126)));
    }
}
