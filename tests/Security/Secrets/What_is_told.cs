using System.Text;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Secrets;

/// <summary>Neither logs nor answers nor files tell a secret to whom it is none of the business.</summary>
public sealed class What_is_told(Site site) : IClassFixture<Site>
{
    private const string OwnPassword = "very secret password";
    private const string Shipped = "shipped-and-secret";

    [Fact]
    public async Task No_log_line_and_no_refusal_has_a_password_a_cookie_a_token_or_what_a_call_carries()
    {
        var told = new StringBuilder();
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var user = "told-" + url.Port;
            told.AppendLine((await visitor.PostAsync("/_mjolnir/users", new { user, password = OwnPassword })).Text);
            var cookie = visitor.Cookie!;
            told.AppendLine((await visitor.PostAsync("/_mjolnir/session", new { user, password = OwnPassword + " wrong" })).Text);
            foreach (var path in (string[])["/_mjolnir/tx/anyTable", "/_mjolnir/tx/ofAda", "/_mjolnir/tx/nope", "/_mjolnir/tx/spin", "/nothing?password=" + Shipped, "/_mjolnir/live?token=" + Shipped])
            {
                told.AppendLine((await visitor.PostAsync(path, new { id = Shipped, args = new[] { Shipped } }, ("Authorization", "Bearer " + site.Secrets.StatusToken))).Text.Replace($"\"id\":\"{Shipped}\"", "", StringComparison.Ordinal));
            }

            told.AppendLine(await RawRequest.ExchangeAsync(url, $"POST /_mjolnir/tx/ping HTTP/1.1\r\nHost: site\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n"));
            Assert.DoesNotContain(cookie.Split('.')[^1], site.Logs.Text);
        }

        string[] secrets = [OwnPassword, site.Secrets.StatusToken, site.Secrets.ClusterToken, Convert.ToBase64String(site.Secrets.SessionKeys[0])];
        Assert.All(secrets.Append(Shipped), secret => Assert.DoesNotContain(secret, site.Logs.Text));
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, told.ToString()));
    }

    [Fact]
    public async Task No_answer_tells_how_the_server_is_made()
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            Answer[] answers =
            [
                await visitor.GetAsync("/nothing"),
                await visitor.GetAsync("/_mjolnir/status"),
                await visitor.CallAsync("anyTable", "nope", "x"),
                await visitor.CallAsync("spin"),
                await visitor.CallAsync("kvSet", new string('x', 5_000), 1),
                await visitor.PostAsync("/_mjolnir/session", new { }),
                await visitor.PostAsync("/_mjolnir/tx/ping", "no object"),
            ];
            foreach (var answer in answers)
            {
                Assert.DoesNotMatch(@"\bat Mjolnir\.|Exception|/tmp/|/home/|/usr/|\.cs:", answer.Text);
                Assert.DoesNotContain(Running.Repository.Root, answer.Text);
                Assert.Empty(answer.Headers["Server"]);
            }
        }
    }

    [Fact]
    public async Task Status_and_metrics_tell_operators_no_secret_either()
    {
        foreach (var url in (Uri[])[new(site.Server, "/_mjolnir/status"), new(site.Server, "/_mjolnir/metrics"), new(site.Proxy, "/_mjolnir/proxy/status"), new(site.Proxy, "/_mjolnir/proxy/metrics")])
        {
            using var operators = site.Stranger(url);
            var answer = await operators.GetAsync(url.PathAndQuery, ("Authorization", "Bearer " + site.Secrets.StatusToken));

            Assert.Equal(200, answer.Code);
            Assert.All([site.Secrets.StatusToken, site.Secrets.ClusterToken], secret => Assert.DoesNotContain(secret, answer.Text));
        }
    }

    [Fact]
    public void The_secrets_are_their_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var mode = File.GetUnixFileMode(Path.Combine(site.Data, SecretsFile.FileName));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }
}
