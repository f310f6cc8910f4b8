using System.Text;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>What a proxy says of a call.</summary>
/// <param name="WantsKeys">it wants to learn which rows the call touches</param>
/// <param name="IsPlaced">it has chosen this server for the call</param>
internal readonly record struct ProxyWishes(bool WantsKeys, bool IsPlaced);

/// <summary>What an answer tells about routing. Keys of rows are told to trusted proxies only, which learn from them: a row's name may be a secret to whoever called.</summary>
internal static class RoutingHeaders
{
    public const string Learn = "Mjolnir-Learn";
    public const string Placed = "Mjolnir-Placed";
    public const string Keys = "Mjolnir-Keys";
    public const string Routed = "Mjolnir-Routed";
    public const string Retry = "Mjolnir-Retry";

    /// <summary>What a trusted proxy says of a call that it sends on; from anybody else nothing is believed.</summary>
    public static ProxyWishes Wishes(HttpExchange exchange)
    {
        var headers = exchange.Request.Headers;
        var wishes = new ProxyWishes(WantsKeys: IsSet(headers, Learn), IsPlaced: IsSet(headers, Placed));
        return wishes == default || exchange.IsFromProxy ? wishes : default;
    }

    private static bool IsSet(IHeaderDictionary headers, string name) => headers.TryGetValue(name, out var value) && value is ["1"];

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
