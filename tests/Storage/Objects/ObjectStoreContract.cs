using System.Text;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects;

/// <summary>What every store promises, whatever keeps the objects. A class per implementation derives from this.</summary>
public abstract class ObjectStoreContract
{
    /// <summary>The one, empty store of this test.</summary>
    protected abstract IObjectStore Store { get; }

    [Fact]
    public async Task What_is_created_is_read_whole()
    {
        Assert.Equal(CreateOutcome.Created, await CreateAsync("a/b.json", "text"));
        Assert.Equal("text", await GetAsync("a/b.json"));
    }

    [Fact]
    public async Task An_object_may_be_empty()
    {
        await CreateAsync("empty", "");
        Assert.Equal("", await GetAsync("empty"));
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_null()
    {
        Assert.Null(await Store.GetAsync("a/b", CancellationToken.None));
        Assert.Null(await Store.GetRangeAsync("a/b", 0, 10, CancellationToken.None));
    }

    [Fact]
    public async Task A_taken_name_keeps_its_first_object()
    {
        await CreateAsync("a", "first");
        Assert.Equal(CreateOutcome.Taken, await CreateAsync("a", "second"));
        Assert.Equal("first", await GetAsync("a"));
    }

    [Fact]
    public async Task Of_sixteen_racers_exactly_one_creates_and_its_object_stays()
    {
        for (var round = 0; round < 20; round++)
        {
            var name = $"race/{round}/entry";
            using var start = new Barrier(16);
            var racers = Enumerable.Range(0, 16).Select(i => Task.Factory.StartNew(
                () => { start.SignalAndWait(); return CreateAsync(name, $"{i}"); }, TaskCreationOptions.LongRunning).Unwrap());
            var outcomes = await Task.WhenAll(racers);
            Assert.Single(outcomes, CreateOutcome.Created);
            Assert.Equal(15, outcomes.Count(outcome => outcome == CreateOutcome.Taken));
            Assert.Equal($"{Array.IndexOf(outcomes, CreateOutcome.Created)}", await GetAsync(name));
        }
    }

    [Theory]
    [InlineData(0, 3, "012")]
    [InlineData(4, 3, "456")]
    [InlineData(8, 5, "89")]
    [InlineData(10, 5, "")]
    [InlineData(-3, 3, "789")]
    [InlineData(-3, 2, "78")]
    [InlineData(-20, 20, "0123456789")]
    [InlineData(2, 0, "")]
    public async Task A_range_is_counted_from_the_start_or_the_end(long offset, int length, string expected)
    {
        await CreateAsync("digits", "0123456789");
        var range = await Store.GetRangeAsync("digits", offset, length, CancellationToken.None);
        Assert.Equal(expected, Encoding.UTF8.GetString(range!.Value.Span));
    }

    [Fact]
    public async Task A_list_is_in_ordinal_order_of_whole_names()
    {
        string[] names = ["a-b", "a/b", "a/b.c", "a/b/c0/x", "a/b-c", "a0", "A", "a/10", "a/9", "z/y/x", "a.b", "a%2F", "a_b", "a{b}"];
        // A file system cannot hold "a/b" beside "a/b/c0/x", and nobody asks it to.
        names = [.. names.Where(name => name != "a/b")];
        foreach (var name in names)
        {
            await CreateAsync(name, name);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), await ListAsync(""));
    }

    [Theory]
    [InlineData("logs/", null, "logs/s1.1/1 logs/s1.1/2 logs/s1.10/1 logs/s2.1/1")]
    [InlineData("logs/s1.1/", null, "logs/s1.1/1 logs/s1.1/2")]
    [InlineData("logs/s1.1", null, "logs/s1.1/1 logs/s1.1/2 logs/s1.10/1")]
    [InlineData("logs/", "logs/s1.1/1", "logs/s1.1/2 logs/s1.10/1 logs/s2.1/1")]
    [InlineData("logs/", "logs/s1.1/9", "logs/s1.10/1 logs/s2.1/1")]
    [InlineData("", "logs/s1.10/1", "logs/s2.1/1 runs/1")]
    [InlineData("logs/", "zzz", "")]
    [InlineData("logs/", "a", "logs/s1.1/1 logs/s1.1/2 logs/s1.10/1 logs/s2.1/1")]
    [InlineData("none/", null, "")]
    public async Task A_list_has_the_names_with_the_prefix_after_the_start(string prefix, string? startAfter, string expected)
    {
        foreach (var name in new[] { "runs/1", "logs/s2.1/1", "logs/s1.10/1", "logs/s1.1/2", "logs/s1.1/1" })
        {
            await CreateAsync(name, "");
        }

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), await ListAsync(prefix, startAfter));
    }

    [Fact]
    public async Task A_deleted_object_is_gone_and_its_name_free()
    {
        await CreateAsync("a/b", "first");
        await Store.DeleteAsync("a/b", CancellationToken.None);
        await Store.DeleteAsync("a/b", CancellationToken.None);
        await Store.DeleteAsync("x/y", CancellationToken.None);
        Assert.Null(await Store.GetAsync("a/b", CancellationToken.None));
        Assert.Empty(await ListAsync(""));
        Assert.Equal(CreateOutcome.Created, await CreateAsync("a/b", "second"));
    }

    protected Task<CreateOutcome> CreateAsync(string name, string content) =>
        Store.CreateAsync(name, Encoding.UTF8.GetBytes(content), CancellationToken.None).AsTask();

    protected async Task<string?> GetAsync(string name) =>
        await Store.GetAsync(name, CancellationToken.None) is { } content ? Encoding.UTF8.GetString(content.Span) : null;

    protected async Task<List<string>> ListAsync(string prefix, string? startAfter = null)
    {
        var names = new List<string>();
        await foreach (var name in Store.ListAsync(prefix, startAfter, CancellationToken.None))
        {
            names.Add(name);
        }

        return names;
    }
}
