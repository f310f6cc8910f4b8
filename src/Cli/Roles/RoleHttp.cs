using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Cli.Roles;

/// <summary>HTTP of a process that serves no application: worker and indexer.</summary>
internal static class RoleHttp
{
    /// <summary>Listens where the configuration says, once started; logs nothing of requests.</summary>
    /// <param name="listen"><c>ip:port</c></param>
    /// <param name="bodyBytes">longest body of a request; larger ones are refused with 413</param>
    public static WebApplication Build(string listen, long bodyBytes)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = bodyBytes;
            kestrel.Listen(IPEndPoint.Parse(listen));
        });
        return builder.Build();
    }

    /// <summary>Lets a request through if it bears the token.</summary>
    /// <param name="kind">which token of the cluster's secrets file, for the refusal: <c>status</c>, <c>cluster</c></param>
    /// <param name="token">the token</param>
    /// <param name="answer">answers it</param>
    public static RequestDelegate Bearing(string kind, string token, RequestDelegate answer)
    {
        var expected = Encoding.UTF8.GetBytes($"Bearer {token}");
        return context => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), expected)
            ? answer(context)
            : Results.Problem($"This needs the {kind} token of the cluster's secrets file: Authorization: Bearer …", statusCode: 401).ExecuteAsync(context);
    }
}
