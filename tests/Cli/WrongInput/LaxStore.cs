using System.Net;
using Mjolnir.Services;

namespace Mjolnir.Cli.Tests.WrongInput;

/// <summary>An HTTP server that answers every request alike: with 200 an S3 that overwrites what exists, with 404 no S3 at all.</summary>
internal sealed class LaxStore : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _answering;

    public LaxStore(HttpStatusCode answer)
    {
        Url = $"http://127.0.0.1:{Programs.FreePorts(1)[0]}";
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _answering = AnswerAsync(answer);
    }

    public string Url { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _answering;
        _listener.Close();
    }

    private async Task AnswerAsync(HttpStatusCode answer)
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                await context.Request.InputStream.CopyToAsync(Stream.Null);
                context.Response.StatusCode = (int)answer;
                context.Response.Close();
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
            {
                // The test is over, or a client went away.
            }
        }
    }
}
