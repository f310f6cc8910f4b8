namespace Mjolnir.Browser.Tests;

/// <summary>One headless Chromium for all tests; each test gets its own context: own cookies, own storage.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium",
            Headless = true,
            Args = Arguments,
        });
        Assertions.SetDefaultExpectTimeout((float)BrowserTestLimits.Patience.TotalMilliseconds);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A browser of its own: what another person would sit at.</summary>
    public async Task<IBrowserContext> OpenContextAsync(ColorScheme scheme = ColorScheme.Light)
    {
        var context = await _browser!.NewContextAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = 900, Height = 700 } });
        context.SetDefaultTimeout((float)BrowserTestLimits.Patience.TotalMilliseconds);
        return context;
    }
}

/// <summary>All browser tests share the browser and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class ChromiumCollection : ICollectionFixture<Chromium>
{
    public const string Name = "Chromium";
}
