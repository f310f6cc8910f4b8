using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>A token that a request must bring as <c>Authorization: Bearer …</c>. Asked for always, on loopback too: every user of the machine, and every page in its browsers, reaches loopback.</summary>
internal sealed class BearerToken(string token)
{
    private readonly byte[] _authorization = Encoding.UTF8.GetBytes("Bearer " + token);

    public bool IsIn(HttpRequest request) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString()), _authorization);

    public static Task RefuseAsync(HttpExchange exchange, Refusal refusal)
    {
        exchange.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(exchange, refusal);
    }
}
