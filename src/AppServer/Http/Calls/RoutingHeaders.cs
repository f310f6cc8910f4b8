using System.Text;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>What an answer tells about routing. Keys of rows are told to trusted proxies only, which learn from them: a row's name may be a secret to whoever called.</summary>
internal static class RoutingHeaders
{
    public const string Learn = "Mjolnir-Learn";
    public const string Keys = "Mjolnir-Keys";
    public const string Routed = "Mjolnir-Routed";
    public const string Retry = "Mjolnir-Retry";

    public static bool WantsKeys(HttpExchange exchange) => exchange.Request.Headers.TryGetValue(Learn, out var learn) && learn is ["1"] && exchange.IsFromProxy;

    public static void Write(IHeaderDictionary headers, TransactionAnswer answer)
    {
        headers[Routed] = answer.Routed ? "predicted" : "missed";
        if (answer.Touched.Count > 0)
        {
            headers[Keys] = Text(answer.Touched);
        }

        // Only where nothing happened: anything else may not simply be sent again.
        if (answer is { Status: TransactionStatus.Unavailable, RetryElsewhere: true })
        {
            headers[Retry] = "elsewhere";
        }
    }

    private static string Text(IReadOnlyList<string> keys)
    {
        var text = new StringBuilder();
        foreach (var key in keys.Distinct(StringComparer.Ordinal).Take(AppServerLimits.ToldKeys))
        {
            var escaped = Uri.EscapeDataString(key);
            if (text.Length + escaped.Length >= AppServerLimits.ToldKeysCharacters)
            {
                break;
            }

            text.Append(text.Length == 0 ? "" : ",").Append(escaped);
        }

        return text.ToString();
    }
}
