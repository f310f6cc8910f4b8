using System.Security.Cryptography;
using System.Text;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Files;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The built-in page for signing in and up. The page where passwords are typed runs nothing but its own script: its policy names the hashes of its one script and one style, and nobody may frame it.
/// </summary>
internal sealed class SignInPage
{
    private readonly string _policy;

    public SignInPage()
    {
        var html = Read("sign-in.html") ?? throw new InvalidOperationException("The sign-in page is missing from the assembly.");
        File = new ServedFile("/_mjolnir/sign-in", html, TemplatedPage.ContentType);
        var text = Encoding.UTF8.GetString(html);
        _policy = $"default-src 'none'; script-src '{Hash(text, "script")}'; style-src '{Hash(text, "style")}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    }

    public ServedFile File { get; }

    public async Task HandleAsync(HttpExchange exchange, FileEndpoint files)
    {
        exchange.Response.OnStarting(SetPolicy, exchange);
        await files.HandleAsync(exchange, File);
    }

    /// <summary>A file built into this assembly; null if it is not there.</summary>
    public static byte[]? Read(string name)
    {
        using var stream = typeof(SignInPage).Assembly.GetManifestResourceStream(name);
        if (stream is null)
        {
            return null;
        }

        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private Task SetPolicy(object exchange)
    {
        var headers = ((HttpExchange)exchange).Response.Headers;
        headers.ContentSecurityPolicy = _policy;
        headers.XFrameOptions = "DENY";
        return Task.CompletedTask;
    }

    private static string Hash(string html, string element)
    {
        var start = html.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        var end = html.IndexOf($"</{element}>", start, StringComparison.Ordinal);
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(html[start..end])));
    }
}
