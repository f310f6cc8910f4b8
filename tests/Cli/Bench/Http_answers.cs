using System.Text;
using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Tests.Bench;

public class Http_answers
{
    private const string Whole =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer-Timing: route;dur=0.010, read;dur=0.200, run;dur=0.030, lock;dur=1.5, log;dur=2\r\nContent-Length: 22\r\n\r\n{\"status\":\"committed\"}";

    [Fact]
    public void An_answer_is_whole_when_its_body_is()
    {
        var bytes = Encoding.ASCII.GetBytes(Whole);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(HttpAnswer.TryParse(bytes.AsSpan(0, length), out _));
        }

        Assert.True(HttpAnswer.TryParse(bytes, out var answer));
        Assert.Equal(200, answer.Status);
        Assert.Equal("{\"status\":\"committed\"}", Encoding.ASCII.GetString(answer.Body));
    }

    [Fact]
    public void Server_timing_is_read_by_name()
    {
        Assert.True(HttpAnswer.TryParse(Encoding.ASCII.GetBytes(Whole), out var answer));
        var times = new double[ServerTimes.Parts.Count];

        Assert.True(answer.TryReadTimes(times));

        Assert.Equal([0.010, 0.200, 0.030, 1.5, 2], times);
    }

    [Theory]
    [InlineData("Mjolnir-Routed: predicted\r\n", true)]
    [InlineData("Mjolnir-Routed: missed\r\n", false)]
    [InlineData("", false)]
    public void Whether_it_ran_beside_its_rows_is_read(string header, bool isPredicted)
    {
        Assert.True(HttpAnswer.TryParse(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{header}Content-Length: 0\r\n\r\n"), out var answer));
        Assert.Equal(isPredicted, answer.IsPredicted);
    }

    [Fact]
    public void Retry_after_is_a_second_unless_the_server_says_more()
    {
        Assert.True(HttpAnswer.TryParse("HTTP/1.1 503 X\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"u8, out var three));
        Assert.Equal(3, three.RetryAfterSeconds);
        Assert.True(HttpAnswer.TryParse("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n"u8, out var one));
        Assert.Equal(1, one.RetryAfterSeconds);
    }

    [Fact]
    public void A_request_changes_only_its_accounts()
    {
        var request = new TransferRequest("127.0.0.1:1", "session=x");

        var text = Encoding.ASCII.GetString(request.Set(12, 3_456_789, 7));

        Assert.EndsWith("\r\n\r\n{\"args\":[\"a0000012\",\"a3456789\",7]}", text);
        Assert.Contains("\r\nCookie: session=x\r\n", text);
        Assert.Contains("\r\nContent-Length: 34\r\n", text);
    }
}
