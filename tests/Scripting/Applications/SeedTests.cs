using System.Diagnostics;
using System.Text;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Tests.Applications;

public class SeedTests
{
    private const string Manifest = """
        {"name":"shop","tables":{"t":{"key":"id","columns":{"id":"string","n":"integer","d":"number","b":"boolean","j":"json","w":"time"},"seed":"t.json"}}}
        """;

    [Theory]
    [InlineData("[{\"id\":\"a\"},\n {\"id\":\"a\"}]", "2:8: the key 'a' is used twice | It is first used in line 1. Keys tell rows apart.")]
    [InlineData("[{\"id\":\"a\",\"n\":\"3\"}]", "1:16: column 'n' is an integer, not the string \"3\" | Write a whole number, at most 2^53 either way.")]
    [InlineData("[{\"id\":\"a\",\"n\":1.5}]", "1:16: column 'n' is an integer, not the number 1.5 | Write a whole number, at most 2^53 either way.")]
    [InlineData("[{\"id\":\"a\",\"n\":9007199254740993}]", "1:16: column 'n' is an integer, not the number 9007199254740993 | Write a whole number, at most 2^53 either way.")]
    [InlineData("[{\"id\":\"a\",\"d\":1e999}]", "1:16: column 'd' is a number, not the number 1e999 | Write a number without quotes.")]
    [InlineData("[{\"id\":\"a\",\"b\":0}]", "1:16: column 'b' is a boolean, not the number 0 | Write true or false.")]
    [InlineData("[{\"id\":\"a\",\"w\":\"soon\"}]", "1:16: column 'w' is a time, not the string \"soon\" | Write milliseconds since 1970 UTC, or a date and time such as \"2026-01-31T12:00:00Z\".")]
    [InlineData("[{\"id\":3}]", "1:8: column 'id' is a string, not the number 3 | Write it in double quotes.")]
    [InlineData("[{\"id\":null}]", "1:8: column 'id' is a string, not null | Write it in double quotes.")]
    [InlineData("[{\"id\":\"a\",\"m\":3}]", "1:12: table 't' has no column 'm' | Did you mean 'b'?")]
    [InlineData("[{\"n\":3}]", "1:2: this row has no 'id' | Every row of 't' needs its key.")]
    [InlineData("[{\"id\":\"\"}]", "1:8: the key is empty or too long | Application, table and key together may have 220 bytes.")]
    [InlineData("[{\"id\":\"a\",\"n\":1,\"n\":2}]", "1:18: column 'n' is given twice in this row | Remove one of them.")]
    [InlineData("[3]", "1:2: a row must be an object | Write {\"id\": …}. A seed file is a JSON array of rows, or one row per line.")]
    [InlineData("[] []", "1:4: there is something behind the end of the list | A seed file is one JSON array of rows, or one row per line.")]
    [InlineData("[{\"id\":\"ä\"},{]", "1:14: this is not JSON: ']' is an invalid start of a property name. Expected a '\"' | A seed file is a JSON array of rows, or one row per line.")]
    public void Mistakes_are_told_with_their_place(string seed, string expected)
    {
        using var folder = Folder(seed);
        Assert.Equal(["t.json:" + expected], TestFolder.Lines(folder.Load()));
    }

    [Theory]
    [InlineData("[ {\"id\" : \"a\", \"n\": 1}, {\"id\":\"b\", \"j\": { \"x\" : [ 1, 2 ], \"y\": {} } , \"w\":\"1970-01-01T00:00:01Z\"} ]")]
    [InlineData("{\"id\":\"a\",\"n\":1}\r\n{\"id\":\"b\",\"j\":{\"x\":[1,2],\"y\":{}},\"w\":1000}\r\n")]
    [InlineData("\uFEFF[{\"id\":\"a\",\"n\":1},{\"id\":\"b\",\"j\":{\"x\":[1,2],\"y\":{}},\"w\":1000}]")]
    public void An_array_and_one_row_per_line_mean_the_same(string seed)
    {
        using var folder = Folder(seed);
        var rows = folder.LoadRight().Seeds["t"];
        Assert.Equal(["a", "b"], rows.Select(row => row.Key));
        Assert.Equal("""{"id":"a","n":1}""", Encoding.UTF8.GetString(rows[0].Json.Span));
        Assert.Equal("""{"id":"b","j":{"x":[1,2],"y":{}},"w":1000}""", Encoding.UTF8.GetString(rows[1].Json.Span));
    }

    [Fact]
    public void An_empty_file_has_no_rows()
    {
        using var folder = Folder("");
        Assert.Empty(folder.LoadRight().Seeds["t"]);
    }

    [Fact]
    public void One_mistake_many_times_is_told_a_hundred_times()
    {
        using var folder = Folder("[" + string.Join(",\n", Enumerable.Repeat("{\"id\":1}", 5000)) + "]");
        var mistakes = folder.Load().Diagnostics;
        Assert.Equal(101, mistakes.Count);
        Assert.Contains(mistakes, mistake => mistake.Message == "more mistakes in this file are not shown");
    }

    [Fact]
    public void Bytes_that_are_no_text_are_told()
    {
        using var folder = Folder("");
        folder.Write("t.json", [(byte)'[', (byte)'\n', 0xFF]);
        Assert.Equal(["t.json:2:1: this is not UTF-8 | Save the file as UTF-8."], TestFolder.Lines(folder.Load()));
    }

    [Fact]
    public void A_hundred_thousand_rows_take_a_small_multiple_of_a_bare_read()
    {
        var text = new StringBuilder("[");
        for (var i = 0; i < 100_000; i++)
        {
            text.Append(i == 0 ? "" : ",\n").Append("{ \"id\": \"user").Append(i).Append("\", \"n\": ").Append(i).Append(", \"j\": [1, 2] }");
        }

        using var folder = Folder("[]");
        var table = folder.LoadRight().Tables["t"];
        var file = new SourceFile("t.json", Encoding.UTF8.GetBytes(text.Append(']').ToString()));
        var (bare, read) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var run = 0; run < 7; run++) // a busy machine disturbs single runs, hardly the best of a few
        {
            bare = Shorter(bare, () => BareRead(file.Bytes.Span));
            read = Shorter(read, () => Assert.Equal(100_000, SeedReader.Read("shop", table, file, new DiagnosticList()).Count));
        }

        // Measured: seven times. Keys are kept to find those used twice, and every row is copied.
        Assert.True(read < bare * 25, $"{read.TotalMilliseconds} ms for the rows, {bare.TotalMilliseconds} ms for a bare read");
    }

    private static TimeSpan Shorter(TimeSpan best, Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed < best ? clock.Elapsed : best;
    }

    private static void BareRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new System.Text.Json.Utf8JsonReader(bytes);
        while (reader.Read())
        {
        }
    }

    private static TestFolder Folder(string seed)
    {
        var folder = new TestFolder();
        folder.Write(ApplicationFolder.ManifestName, Manifest);
        folder.Write("t.json", seed);
        return folder;
    }
}
