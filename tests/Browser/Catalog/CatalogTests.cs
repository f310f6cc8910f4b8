using System.Diagnostics;
using System.Globalization;
using Mjolnir.Browser.Tests.Bank;

namespace Mjolnir.Browser.Tests.Catalog;

/// <summary>The sample that searches a list of packages, as people use it.</summary>
public sealed class CatalogTests(Chromium chromium) : ServerTest(chromium)
{
    private const int Tools = 45;
    private const int Games = 5;
    private static readonly string Sample = Path.Combine(ServerProcess.Root, "samples", "catalog");

    [Fact]
    public async Task Somebody_finds_a_package_while_typing_its_name_wrongly()
    {
        var page = await OpenCatalogAsync();
        await page.GetByLabel("Search").PressSequentiallyAsync("rabitmq");
        await ShouldShowAsync(page, "#found li:first-child h2", "rabbitmq-server");
        await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(1);
        await ShouldShowAsync(page, "#found h2 mark", "rabbitmq");
        await ShouldShowAsync(page, "#summary", "1 package");

        await page.GetByLabel("Search").FillAsync("nothing of the kind");
        await ShouldShowAsync(page, "#summary", "Nothing was found.");
        await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Somebody_counts_by_values_and_clicks_them()
    {
        var page = await OpenCatalogAsync();
        await page.GetByLabel("Search").FillAsync("handy");
        await ShouldShowAsync(page, "#summary", $"{Tools + Games} packages");
        await ShouldShowAsync(page, "#sections", $"utils {Tools}games {Games}");

        await page.Locator("#sections button", new() { HasText = "games" }).ClickAsync();
        await ShouldShowAsync(page, "#summary", $"{Games} packages");
        await ShouldShowAsync(page, "#sections", $"games {Games}");
        await ShouldShowAsync(page, "#priorities", $"extra {Games}");
        await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(Games);

        await page.Locator("#sections button").ClickAsync();
        await ShouldShowAsync(page, "#summary", $"{Tools + Games} packages");
    }

    [Fact]
    public async Task Somebody_asks_for_sizes_and_names_in_an_order_page_by_page()
    {
        var page = await OpenCatalogAsync();
        await page.GetByLabel("Order").SelectOptionAsync("-size");
        await ShouldShowAsync(page, "#found li:first-child h2", "rabbitmq-server");

        // Tools are as many KB large as their number says; with words, and without.
        await page.GetByLabel("Range of").SelectOptionAsync("size");
        await page.GetByLabel("From").FillAsync("11");
        await page.GetByLabel("To").FillAsync("40");
        foreach (var words in (string[])["", "handy tool"])
        {
            await page.GetByLabel("Search").FillAsync(words);
            await ShouldShowAsync(page, "#summary", "30 packages");
            await ShouldShowAsync(page, "#found li:first-child h2", "tool40");
            await page.Locator("#pages button", new() { HasText = "2" }).ClickAsync();
            await ShouldShowAsync(page, "#found li:last-child h2", "tool11");
            await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(10);
            await Assertions.Expect(page.Locator("#pages [aria-current]")).ToHaveTextAsync("2");
        }

        await page.GetByLabel("Range of").SelectOptionAsync("name");
        await page.GetByLabel("From").FillAsync("b");
        await page.GetByLabel("To").FillAsync("tool03");
        await page.GetByLabel("Order").SelectOptionAsync("name");
        await page.GetByLabel("Search").FillAsync("");
        await ShouldShowAsync(page, "#summary", $"{Games + 4 + 1} packages");
        await ShouldShowAsync(page, "#found li:first-child h2", "game00");
        await ShouldShowAsync(page, "#found li:last-child h2", "tool03");
    }

    private async Task<IPage> OpenCatalogAsync()
    {
        await ServeAsync(Sample);
        await ImportAsync();
        var page = await OpenBrowserAsync();
        await page.GotoAsync(Server.Address);
        await ShouldShowAsync(page, "#all", $"{Tools + Games + 1}"); // the index follows the import
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#found li")).ToHaveCountAsync(20);
        return page;
    }

    private async Task ImportAsync()
    {
        var list = Path.Combine(Write(("packages.txt", string.Concat(Packages()))), "packages.txt");
        using var script = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Sample, "import.sh"), "--data", Server.Data, "--from", list]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, mistakes) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, await mistakes + await output);
    }

    private static IEnumerable<string> Packages() =>
        Enumerable.Range(0, Tools).Select(number => Package($"tool{number:D2}", "utils", "optional", number, "A handy tool"))
            .Concat(Enumerable.Range(0, Games).Select(number => Package($"game{number:D2}", "games", "extra", 100, "A handy game")))
            .Append(Package("rabbitmq-server", "net", "optional", 9000, "AMQP server written in Erlang"));

    private static string Package(string name, string section, string priority, int kilobytes, string description) => string.Create(
        CultureInfo.InvariantCulture, $"Package: {name}\nSection: {section}\nPriority: {priority}\nSize: {kilobytes * 1024}\nMaintainer: Somebody <s@example.org>\nDescription: {description}\n\n");
}
