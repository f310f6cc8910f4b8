using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mjolnir.Cli.Status;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>What the bench asks of a server besides transfers: sign in, add up accounts, show the counters.</summary>
internal sealed class BankClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string? _statusToken;

    public BankClient(Uri server, string? statusToken)
    {
        _statusToken = statusToken;
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = server };
    }

    /// <summary>One signed-in user per connection; the cookie as it is to be sent.</summary>
    public async Task<IReadOnlyList<string?>> SignInAsync(int users, CancellationToken cancellationToken)
    {
        var cookies = new List<string?>(users);
        for (var i = 0; i < users; i++)
        {
            cookies.Add(await SignInAsync($"teller-{i}", cancellationToken));
        }

        return cookies;
    }

    /// <summary>Adds up all accounts through the server, some hundred per transaction; right only while nobody transfers.</summary>
    /// <param name="accounts">how many there are</param>
    /// <param name="cookie">whoever asks</param>
    /// <param name="counted">told how many have been added up</param>
    /// <param name="cancellationToken">ends it</param>
    public async Task<long> AddUpAsync(int accounts, string? cookie, Action<int> counted, CancellationToken cancellationToken)
    {
        long total = 0;
        for (var first = 0; first < accounts; first += BenchLimits.AccountsPerCount)
        {
            counted(first);
            total += await SumAsync(first, Math.Min(BenchLimits.AccountsPerCount, accounts - first), cookie, cancellationToken);
        }

        return total;
    }

    public async Task<StatusFigures?> StatusAsync(CancellationToken cancellationToken)
    {
        if (_statusToken is null)
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/_mjolnir/status");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _statusToken);
        using var response = await _http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync(StatusJson.Default.StatusFigures, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> SignInAsync(string user, CancellationToken cancellationToken)
    {
        using var content = JsonBody($$"""{"user":"{{user}}","password":"not-a-secret"}""");
        using var response = await _http.PostAsync("/_mjolnir/session", content, cancellationToken);
        if (!response.IsSuccessStatusCode || !response.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            throw new FailureException(
                $"the server did not let '{user}' in ({(int)response.StatusCode})",
                "The bench signs its tellers in without password: start the server with --sign-in open.");
        }

        return string.Join("; ", cookies.Select(cookie => cookie.Split(';')[0]));
    }

    private async Task<long> SumAsync(int first, int count, string? cookie, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/sum") { Content = JsonBody($$"""{"args":[{{first}},{{count}}]}""") };
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var response = await _http.SendAsync(request, cancellationToken);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        if (!response.IsSuccessStatusCode)
        {
            throw new FailureException($"the accounts could not be added up: {answer.RootElement}");
        }

        return answer.RootElement.GetProperty("result").GetInt64();
    }

    private static ByteArrayContent JsonBody(string json)
    {
        var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
