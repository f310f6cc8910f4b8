using System.Globalization;
using Microsoft.AspNetCore.Http;
using Mjolnir.Proxy.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Mjolnir.Proxy.Files;

/// <summary>What YARP changes on requests and answers that pass: the path goes on exactly as it came, forwarding headers are ours alone, and an answer that sends the request elsewhere is not given.</summary>
internal sealed class PlainTransformer(TimeProvider time) : HttpTransformer
{
    /// <summary>Where the exchange stands in the context's items.</summary>
    public static readonly object ExchangeKey = new();

    // The app server judges the path itself, so nobody between may tidy it.
    private static readonly UriCreationOptions AsItCame = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var exchange = Exchange(httpContext);
        proxyRequest.RequestUri = new Uri(destinationPrefix + exchange.Target, AsItCame);
        var headers = proxyRequest.Headers;
        foreach (var name in headers.Select(static header => header.Key).Where(ForwardedHeaders.IsOurs).ToArray())
        {
            headers.Remove(name);
        }

        headers.Remove("Expect");
        var host = httpContext.Request.Headers.Host.ToString();
        headers.Host = host;
        headers.TryAddWithoutValidation(ForwardedHeaders.For, ForwardedHeaders.ClientAddress(httpContext));
        headers.TryAddWithoutValidation(ForwardedHeaders.Proto, httpContext.Request.IsHttps ? "https" : "http");
        headers.TryAddWithoutValidation(ForwardedHeaders.Host, host);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var exchange = Exchange(httpContext);
        if (proxyResponse is null)
        {
            exchange.IsSentElsewhere = false;
            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        }

        // It was allowed before the request was sent; here it is decided.
        exchange.IsSentElsewhere &= SaysElsewhere(proxyResponse);
        if (exchange.IsSentElsewhere)
        {
            return false;
        }

        proxyResponse.Headers.Remove(ForwardedHeaders.Keys);
        proxyResponse.Headers.Remove(ForwardedHeaders.Retry);
        exchange.BodyBytes = proxyResponse.Content.Headers.ContentLength ?? 0;
        var isGiven = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (IsPage(proxyResponse))
        {
            httpContext.Response.Headers.Append(ForwardedHeaders.ServerTiming, string.Create(CultureInfo.InvariantCulture, $"proxy;dur={time.GetElapsedTime(exchange.Started).TotalMilliseconds:0.###}"));
        }

        return isGiven;
    }

    /// <summary>Files are kept by caches: what they say of one request is not true of the next.</summary>
    private static bool IsPage(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType == "text/html";

    private static bool SaysElsewhere(HttpResponseMessage response) =>
        (int)response.StatusCode == StatusCodes.Status503ServiceUnavailable
        && response.Headers.TryGetValues(ForwardedHeaders.Retry, out var values)
        && values.Contains(ForwardedHeaders.Elsewhere);

    private static ProxyExchange Exchange(HttpContext context) => (ProxyExchange)context.Items[ExchangeKey]!;
}
