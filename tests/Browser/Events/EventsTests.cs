using Mjolnir.Browser.Tests.Bank;

namespace Mjolnir.Browser.Tests.Events;

/// <summary>The sample that asks an index, as people use it.</summary>
public sealed class EventsTests(Chromium chromium) : ServerTest(chromium)
{
    private static readonly string Sample = Path.Combine(ServerProcess.Root, "samples", "events");

    [Fact]
    public async Task Somebody_finds_the_cheapest_events_page_by_page()
    {
        await ServeAsync(Sample);
        var page = await OpenBrowserAsync();
        await page.GotoAsync(Server.Address);
        await ShouldShowAsync(page, "#total", "240");
        await page.Locator("#search").ClickAsync();
        await Assertions.Expect(page.Locator("#summary")).ToContainTextAsync("events");
        var all = int.Parse((await page.Locator("#summary").TextContentAsync())!.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(all, 11, 30);

        for (var shown = 10; shown < all; shown += 10)
        {
            await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(shown);
            await page.Locator("#more").ClickAsync();
        }

        await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(all);
        await Assertions.Expect(page.Locator("#more")).ToBeHiddenAsync();
        var prices = (await page.Locator("#found li").AllTextContentsAsync()).Select(text => int.Parse(text.Split(": ")[1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(prices.Order(), prices);
    }

    [Fact]
    public async Task What_somebody_announces_is_found_at_once_and_counted_in_every_open_page()
    {
        await ServeAsync(Sample);
        var (page, other) = (await OpenBrowserAsync(), await OpenBrowserAsync());
        await page.GotoAsync(Server.Address);
        await other.GotoAsync(Server.Address);
        await ShouldShowAsync(other, "#total", "240");

        await page.GetByLabel("Title").FillAsync("A first night");
        await page.Locator("#announce").ClickAsync();

        await Assertions.Expect(page.Locator("#found li").First).ToContainTextAsync("A first night");
        await ShouldShowAsync(other, "#total", "241");
        await ShouldShowAsync(page, "#total", "241");
    }
}
