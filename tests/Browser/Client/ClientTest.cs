using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>A page of the fake server in a browser of its own.</summary>
[Collection(ChromiumCollection.Name)]
public abstract class ClientTest(Chromium chromium) : IAsyncLifetime
{
    private readonly List<string> _errors = [];
    private IBrowserContext? _context;

    internal FakeServer Server { get; private set; } = null!;

    internal IPage Page { get; private set; } = null!;

    /// <summary>Uncaught errors of the page.</summary>
    internal IReadOnlyList<string> PageErrors => _errors;

    public async Task InitializeAsync() => _context = await chromium.OpenContextAsync();

    public async Task DisposeAsync()
    {
        await _context!.DisposeAsync();
        if (Server is not null) await Server.DisposeAsync();
    }

    /// <summary>Opens the page and waits for its WebSocket, so that what follows goes over it.</summary>
    internal async Task OpenAsync(FakePage page)
    {
        await OpenOnAsync(await FakeServer.StartAsync(page));
        await Server.NextSubscriptionAsync();
    }

    internal async Task OpenOnAsync(FakeServer server)
    {
        Server = server;
        Page = await _context!.NewPageAsync();
        Page.PageError += (_, error) => _errors.Add(error);
        await Page.GotoAsync(server.Address + "/");
    }

    internal Task<IPage> NextTabAsync(Func<Task> action) => _context!.RunAndWaitForPageAsync(action);

    internal static JsonArray Step(string reference, string what, JsonNode? value) => [reference, what, value];

    /// <summary>Waits until the tab shows this path.</summary>
    internal Task ShouldBeAtAsync(string path) => Assertions.Expect(Page).ToHaveURLAsync(new Regex("^" + Regex.Escape(Server.Address + path) + "$")); // a text would be read as a pattern

    /// <summary>Waits until the page's expression is true.</summary>
    internal Task ShouldBecomeAsync(string expression) => Page.WaitForFunctionAsync(expression);

    internal Task<T> EvaluateAsync<T>(string expression) => Page.EvaluateAsync<T>(expression);

    /// <summary>A round trip through the page's event loop and its connection: what the page was about to do, it has done.</summary>
    internal Task SettleAsync() => Page.EvaluateAsync("() => new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done))))");
}
