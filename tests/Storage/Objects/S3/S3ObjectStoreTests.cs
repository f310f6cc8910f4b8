using Mjolnir.Servers;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>What every store promises, kept by a real S3.</summary>
public sealed class S3ObjectStoreTests : ObjectStoreContract, IAsyncLifetime
{
    private S3ObjectStore _store = null!;

    protected override IObjectStore Store => _store;

    public async Task InitializeAsync() => _store = await (await S3Server.SharedAsync()).NewStoreAsync();

    [Fact]
    public async Task A_list_of_more_than_a_page_is_whole_and_in_order()
    {
        var names = Enumerable.Range(0, 1203).Select(number => $"many/{number:D5}").ToList();
        await Parallel.ForEachAsync(names, async (name, token) => await Store.CreateAsync(name, new byte[1], token));
        var before = _store.Requests.Figures;
        Assert.Equal(names, await ListAsync("many/"));
        Assert.Equal(2, _store.Requests.Figures.Since(before).Lists);
        Assert.Equal(names[1100..], await ListAsync("many/", names[1099]));
    }

    [Fact]
    public async Task A_large_object_comes_back_as_it_was()
    {
        var content = new byte[20_000_000];
        new Random(7).NextBytes(content);
        Assert.Equal(CreateOutcome.Created, await Store.CreateAsync("large", content, CancellationToken.None));
        Assert.True((await Store.GetAsync("large", CancellationToken.None))!.Value.Span.SequenceEqual(content));
        Assert.True((await Store.GetRangeAsync("large", 19_999_000, 5000, CancellationToken.None))!.Value.Span.SequenceEqual(content.AsSpan(19_999_000)));
    }

    [Fact]
    public async Task Requests_and_bytes_are_counted_by_kind()
    {
        var before = _store.Requests.Figures;
        await CreateAsync("a", "12345");
        await CreateAsync("a", "123");
        await GetAsync("a");
        await GetAsync("b");
        await Store.GetRangeAsync("a", -2, 2, CancellationToken.None);
        await ListAsync("");
        await Store.DeleteAsync("a", CancellationToken.None);
        Assert.Equal(new StoreRequestFigures(2, 3, 1, 1, 8, 7, 0), _store.Requests.Figures.Since(before));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a//b")]
    [InlineData("a b")]
    [InlineData("ä")]
    public async Task A_name_that_no_store_takes_is_refused(string name) => await Assert.ThrowsAsync<ArgumentException>(() => CreateAsync(name, "x"));

    public Task DisposeAsync()
    {
        _store.Dispose();
        return Task.CompletedTask;
    }
}
