using System.Net;
using System.Text;
using System.Text.Json;

namespace Mjolnir.Faults.Tests;

/// <summary>A user of the ledger over HTTP.</summary>
internal sealed class Ledger(HttpClient http)
{
    private string? _cookie;

    /// <summary>Signs in. The cookie is good over restarts: its key lies in the data folder.</summary>
    public async Task SignInAsync(Uri server, string user)
    {
        using var content = Content($$"""{"user":"{{user}}","password":"any"}""");
        using var response = await http.PostAsync(new Uri(server, "/_mjolnir/session"), content);
        response.EnsureSuccessStatusCode();
        _cookie = string.Join("; ", response.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
    }

    /// <summary>Calls a handler.</summary>
    public async Task<(HttpStatusCode Status, string Body)> CallAsync(Uri server, string handler, string json, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/_mjolnir/tx/" + handler)) { Content = Content(json) };
        request.Headers.Add("Cookie", _cookie);
        using var response = await http.SendAsync(request, cancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Calls a handler that must succeed, as soon as the server can run it, and returns its result.</summary>
    public async Task<JsonElement> ResultAsync(Uri server, string handler, string json)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        var (status, body) = await CallAsync(server, handler, json, patience.Token);
        while (status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout || IsOutOfTime(status, body))
        {
            await Task.Delay(FaultLimits.RetryPause, patience.Token);
            (status, body) = await CallAsync(server, handler, json, patience.Token);
        }

        Assert.True(status == HttpStatusCode.OK, $"{handler}: {(int)status} {body}");
        return JsonDocument.Parse(body).RootElement.GetProperty("result").Clone();
    }

    /// <summary>The handler ran longer than handlers may: on processors that others use too, and nothing of it was done.</summary>
    private static bool IsOutOfTime(HttpStatusCode status, string body) => status == HttpStatusCode.Conflict && body.Contains("it ran longer than", StringComparison.Ordinal);

    private static StringContent Content(string json) => new(json, Encoding.UTF8, "application/json");
}
