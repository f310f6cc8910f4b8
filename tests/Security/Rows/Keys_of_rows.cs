using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Rows;

/// <summary>Primary keys are chosen by users and become keys of the cache, lines of the store and text of the log: none of them reaches another row, or says anything to memcached.</summary>
public sealed class Keys_of_rows(Site site) : IClassFixture<Site>
{
    private static readonly string[] Odd =
    [
        " ", "a b", "a\r\nset bank/users/alice 0 0 1\r\n1\r\n", "a\0b", "\u0001\u001f\u007f", "\u0080\u009f\u00a0\u2028\ufeff", "/", "../others/x", "notes/x", "a/b", "%", "%2F", "%2f", "%252F", "a%20b", "a b%20", "{", "}", "{}", "{x}", "{x}y", "x{", "_kv", "_tx",
        "_tx/{alice}1", "_sessions", "__proto__", "\u00e9", "e\u0301", "\u212b", "\u00c5", "A", "a", "\ud83d\ude00", "1.s1.5 v=9", "\u00ff\u00fe",
        "x,y", "\"", "\\", "'", "null", "0", "-1", "1e309",
    ];

    [Fact]
    public async Task Each_key_is_a_row_of_its_own_in_its_own_table()
    {
        using var visitor = site.Stranger();
        foreach (var table in (string[])["notes", "others"])
        {
            foreach (var key in Odd)
            {
                var answer = await visitor.CallAsync("put", table, key, $"{table} {key}");
                Assert.True(answer.Code == 200, $"{key}: {answer.Text}");
            }
        }

        foreach (var key in Odd)
        {
            await visitor.CallAsync("kvSet", key, "kv " + key);
        }

        foreach (var key in Odd)
        {
            Assert.Equal($"notes {key}", (await visitor.CallAsync("get", "notes", key)).Json.GetProperty("result").GetString());
            Assert.Equal($"others {key}", (await visitor.CallAsync("get", "others", key)).Json.GetProperty("result").GetString());
            Assert.Equal($"kv {key}", (await visitor.CallAsync("kvGet", key)).Json.GetProperty("result").GetString());
        }

        await site.RequireUnharmedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_key_too_long_for_the_cache_is_refused_and_one_that_fits_is_not(int bytesEach)
    {
        var unit = bytesEach switch { 1 => "x", 2 => "\u00e9", _ => "/" };
        var most = (RowKey.MaxBytes - "target/notes/".Length) / bytesEach;
        using var visitor = site.Stranger();

        var fits = string.Concat(Enumerable.Repeat(unit, most));
        Assert.Equal(200, (await visitor.CallAsync("put", "notes", fits, "fits")).Code);
        Assert.Equal("\"fits\"", (await visitor.CallAsync("get", "notes", fits)).Result);
        var answer = await visitor.CallAsync("put", "notes", fits + unit, "too long");
        Assert.Equal(409, answer.Code);
        Assert.Equal("null", (await visitor.CallAsync("get", "notes", fits + unit)).Result);
        Assert.Equal(409, (await visitor.CallAsync("put", "notes", "", "empty")).Code);
    }

    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00x")]
    [InlineData("x\\ud83d")]
    public async Task Half_a_character_is_no_key(string escaped)
    {
        using var visitor = site.Stranger();
        var body = new StringContent($$"""{"args":["notes","{{escaped}}","x"]}""", Encoding.UTF8, "application/json");

        var answer = await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/put", body);

        // Either it is refused, or it stands for the replacement character as everywhere else; never for bytes that no text has.
        Assert.Contains(answer.Code, new[] { 200, 400, 409 });
        await site.RequireUnharmedAsync();
    }

    /// <summary>Every text of up to two characters that could be special, in all tables: no two of them share a cache key.</summary>
    [Fact]
    public void No_two_keys_make_one()
    {
        var characters = Enumerable.Range(0, 0x100).Select(static code => ((char)code).ToString()).Append("\u0130").Append("\u212a").ToArray();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in characters.Concat(characters.SelectMany(first => characters.Select(second => first + second))))
        {
            Assert.True(RowKey.TryCreate("app", "t", key, out var row));
            Assert.True(seen.Add(row.Text));
            Assert.Equal(key, row.PrimaryKey);
            Assert.DoesNotContain(Encoding.UTF8.GetBytes(row.Text), static value => value is <= 0x20 or 0x7f);
        }
    }
}
