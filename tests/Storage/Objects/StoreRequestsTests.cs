using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects;

/// <summary>Requests counted and priced.</summary>
public sealed class StoreRequestsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly CountedObjectStore _store;

    public StoreRequestsTests() => _store = new CountedObjectStore(new FolderObjectStore(_folder), new StoreRequests());

    [Fact]
    public async Task Any_store_is_counted_by_kind()
    {
        await _store.CreateAsync("a", new byte[5], CancellationToken.None);
        await _store.GetAsync("a", CancellationToken.None);
        await _store.GetRangeAsync("a", -2, 2, CancellationToken.None);
        await _store.GetAsync("b", CancellationToken.None);
        Assert.Equal(["a"], await _store.ListAsync("", null, CancellationToken.None).ToListAsync());
        await _store.DeleteAsync("a", CancellationToken.None);
        Assert.Equal(new StoreRequestFigures(1, 3, 1, 1, 5, 7, 0), _store.Requests.Figures);
        await File.WriteAllTextAsync(Path.Combine(_folder, "file"), "");
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await _store.CreateAsync("file/below", new byte[1], CancellationToken.None));
        Assert.Equal(1, _store.Requests.Figures.Failures);
    }

    [Fact]
    public void A_million_of_each_cost_what_the_list_says() =>
        Assert.Equal(5 + 5 + 0.4, StorePrices.Dollars(new StoreRequestFigures(1_000_000, 1_000_000, 1_000_000, 1_000_000, 0, 0, 0)), 9);

    [Fact]
    public async Task The_bill_is_for_the_last_minute_only()
    {
        var bill = new StoreBill(_store.Requests, _time);
        Assert.Equal(0, bill.DollarsPerDay());

        // One PUT a second is 86,400 a day.
        for (var second = 0; second < 120; second++)
        {
            await _store.CreateAsync($"{second}", new byte[1], CancellationToken.None);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(0.432, bill.DollarsPerDay(), 6);
        }

        for (var second = 0; second < 70; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            bill.DollarsPerDay();
        }

        Assert.Equal(0, bill.DollarsPerDay());
    }

    public void Dispose() => _folder.Dispose();
}
