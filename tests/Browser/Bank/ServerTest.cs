namespace Mjolnir.Browser.Tests.Bank;

/// <summary>People with browsers of their own, at a real server.</summary>
[Collection(ChromiumCollection.Name)]
public abstract class ServerTest(Chromium chromium) : IAsyncLifetime
{
    private readonly List<IBrowserContext> _contexts = [];
    private readonly List<string> _folders = [];

    internal ServerProcess Server { get; private set; } = null!;

    internal static string BankFolder { get; } = Path.Combine(ServerProcess.Root, "samples", "bank");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var context in _contexts) await context.DisposeAsync();
        if (Server is not null) await Server.DisposeAsync();
        foreach (var folder in _folders) Directory.Delete(folder, recursive: true);
    }

    internal async Task ServeAsync(string application, bool signInOpen = true) => Server = await ServerProcess.StartAsync(application, signInOpen);

    /// <summary>An application written for one test.</summary>
    internal string Write(params (string Path, string Text)[] files)
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-app-").FullName;
        _folders.Add(folder);
        foreach (var (path, text) in files) File.WriteAllText(Path.Combine(folder, path), text);
        return folder;
    }

    /// <summary>The bank, to be changed by a test.</summary>
    internal string CopyBank() => Write([.. Directory.GetFiles(BankFolder).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))]);

    /// <summary>Someone sits down at a browser of their own and signs in by name alone.</summary>
    internal async Task<IPage> SignInAsync(string user)
    {
        var page = await OpenBrowserAsync();
        await page.GotoAsync(Server.Address + "/_mjolnir/sign-in?next=/");
        await page.GetByLabel("Password").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.GetByLabel("Name").FillAsync(user);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForFunctionAsync("user => window.mjolnir?.user === user", user);
        return page;
    }

    internal async Task<IPage> OpenBrowserAsync()
    {
        var context = await chromium.OpenContextAsync();
        _contexts.Add(context);
        return await context.NewPageAsync();
    }

    /// <summary>A second window of someone who is signed in.</summary>
    internal static async Task<IPage> OpenWindowAsync(IPage beside)
    {
        var page = await beside.Context.NewPageAsync();
        await page.GotoAsync(beside.Url);
        await page.WaitForFunctionAsync("window.mjolnir?.user");
        return page;
    }

    /// <summary>What the server itself holds, whatever pages show.</summary>
    internal static Task<T> CallAsync<T>(IPage page, string handler, params object[] arguments) => page.EvaluateAsync<T>("([handler, args]) => mjolnir.call(handler, ...args)", new object[] { handler, arguments });

    internal static Task ShouldShowAsync(IPage page, string selector, string text) => Assertions.Expect(page.Locator(selector)).ToHaveTextAsync(text);

    internal static Task ShouldComplainAsync(IPage page, string text) => Assertions.Expect(page.Locator("#mjolnir-toast[role=alert]")).ToHaveTextAsync(text);
}
