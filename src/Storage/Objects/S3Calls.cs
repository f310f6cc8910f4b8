using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Mjolnir.Storage.Objects;

/// <summary>One request had no success: what that means, with the client's exception inside.</summary>
internal sealed class S3CallException(S3Answer answer, Exception failure) : Exception(S3Answers.Text(failure), failure)
{
    public S3Answer Answer { get; } = answer;
}

/// <summary>Single requests to one service: not too many at once, each with its time limit, each counted. The SDK's own retries are off: who calls knows what may be asked again.</summary>
internal sealed class S3Calls : IDisposable
{
    private readonly SemaphoreSlim _slots = new(S3Limits.ParallelRequests);
    private readonly TimeProvider _time;

    public S3Calls(S3Settings settings, TimeProvider time)
    {
        _time = time;
        Client = settings.AccessKey is null
            ? new AmazonS3Client(Configuration(settings))
            : new AmazonS3Client(new BasicAWSCredentials(settings.AccessKey, settings.SecretKey), Configuration(settings));
    }

    public IAmazonS3 Client { get; }

    public StoreRequests Requests { get; } = new();

    /// <summary>One request, its answer included.</summary>
    /// <param name="ask">sends it</param>
    /// <param name="count">counts it</param>
    /// <param name="bytes">content sent</param>
    /// <param name="cancellationToken">the caller's</param>
    /// <exception cref="S3CallException">no success</exception>
    public async ValueTask<T> CallAsync<T>(Func<CancellationToken, Task<T>> ask, Action count, long bytes, CancellationToken cancellationToken)
    {
        if (!await _slots.WaitAsync(S3Limits.SlotPatience, cancellationToken))
        {
            throw new StoreUnavailableException($"The store is too busy: {S3Limits.ParallelRequests} requests have been under way for {S3Limits.SlotPatience.TotalSeconds} s.");
        }

        try
        {
            count();
            using var patience = new CancellationTokenSource(S3Limits.RequestPatience + (S3Limits.PatiencePerMegabyte * (bytes / 1e6)), _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            return await ask(both.Token);
        }
        catch (Exception failure) when (S3Answers.IsFailure(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failed(failure);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>The pause before the next try, longer after each.</summary>
    public Task PauseAsync(int tries, CancellationToken cancellationToken) => Task.Delay(S3Limits.Pause * Math.Pow(2, tries - 1), _time, cancellationToken);

    public void Dispose()
    {
        Client.Dispose();
        _slots.Dispose();
    }

    private S3CallException Failed(Exception failure)
    {
        var answer = S3Answers.Of(failure);
        if (answer is S3Answer.None or S3Answer.Refused)
        {
            Requests.Failed();
        }

        return new S3CallException(answer, failure);
    }

    private static AmazonS3Config Configuration(S3Settings settings)
    {
        var configuration = new AmazonS3Config
        {
            AuthenticationRegion = settings.Region,

            // Services other than Amazon's have no host name for each bucket.
            ForcePathStyle = settings.Endpoint is not null,

            // Our objects carry checksums of their own, and few services know Amazon's newer headers.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 0,

            // By default a request whose connection closes without an answer is sent ten times more, a PUT too.
            MaxStaleConnectionRetries = 0,

            // Longer than any request's own limit.
            Timeout = Timeout.InfiniteTimeSpan,
            HttpClientFactory = new Connections(),
        };
        if (settings.Endpoint is null)
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(settings.Region);
        }
        else
        {
            configuration.ServiceURL = settings.Endpoint.ToString();
        }

        return configuration;
    }

    private sealed class Connections : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new SentAtOnce(new SocketsHttpHandler
        {
            ConnectTimeout = S3Limits.ConnectPatience,
            PooledConnectionIdleTimeout = S3Limits.IdleConnection,
            MaxConnectionsPerServer = S3Limits.ParallelRequests,
            AllowAutoRedirect = false,
        }))
        { Timeout = Timeout.InfiniteTimeSpan };

        // The handler's pool is this client's own; it ends with the client.
        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => true;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }

    /// <summary>Content follows its header without waiting for "100 Continue": the SDK asks for it where content is large, and each wait is a whole way there and back.</summary>
    private sealed class SentAtOnce(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.ExpectContinue = false;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
