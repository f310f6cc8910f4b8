using System.Runtime.CompilerServices;
using Amazon.S3.Model;

namespace Mjolnir.Storage.Objects;

/// <summary>
/// The store of the classic stack: objects in an S3 bucket, created by conditional PUT. Works with every service that does create-if-absent; <see cref="S3Capability"/> proves it at start.
/// Thread-safe. No call takes unbounded time (<see cref="S3Limits"/>), and after an outage the store is used again without more ado: nothing remembers it.
/// </summary>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private readonly S3Calls _calls;
    private readonly S3Settings _settings;

    /// <summary>Nothing is asked of the service yet.</summary>
    /// <param name="settings">where objects are kept</param>
    /// <param name="time">the clock of its time-outs and pauses</param>
    public S3ObjectStore(S3Settings settings, TimeProvider time) => (_settings, _calls) = (settings, new S3Calls(settings, time));

    /// <summary>Requests so far, as they are billed: tries and pages are requests too.</summary>
    public StoreRequests Requests => _calls.Requests;

    internal S3Settings Settings => _settings;

    /// <inheritdoc/>
    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        for (var tries = 1; ; tries++)
        {
            try
            {
                await CreateOnceAsync(name, content, cancellationToken);
                return CreateOutcome.Created;
            }
            catch (S3CallException failure)
            {
                switch (failure.Answer)
                {
                    case S3Answer.Taken:
                        return CreateOutcome.Taken;
                    case S3Answer.Conflict when tries < S3Limits.ConflictTries:
                        await _calls.PauseAsync(tries, cancellationToken);
                        break;
                    case S3Answer.None or S3Answer.Conflict:
                        return CreateOutcome.Unknown;
                    default:
                        throw Unavailable(name, failure);
                }
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) => ReadAsync(name, null, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        // HTTP has no empty range: a byte is asked for, because whether the object exists is asked too.
        var range = offset < 0 ? new ByteRange($"bytes={offset}") : new ByteRange(offset, offset + Math.Max(1, length) - 1);
        var found = await ReadAsync(name, range, cancellationToken);
        return found is { } bytes && bytes.Length > length ? bytes[..length] : found;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Each page begins behind the last name of the page before: no page depends on a token that an outage could outlive.
        for (var after = startAfter; ;)
        {
            var page = await RetriedAsync(prefix, token => PageAsync(prefix, after, token), () => Requests.List(), cancellationToken);
            foreach (var listed in page.S3Objects ?? [])
            {
                after = listed.Key[_settings.Prefix.Length..];
                yield return after;
            }

            if (page.IsTruncated != true)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        try
        {
            var request = new DeleteObjectRequest { BucketName = _settings.Bucket, Key = _settings.Prefix + name };
            await RetriedAsync(name, token => _calls.Client.DeleteObjectAsync(request, token), () => Requests.Delete(), cancellationToken);
        }
        catch (S3CallException failure) when (failure.Answer == S3Answer.NotFound)
        {
            // Some services say so; the object is gone, and that is what was asked.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _calls.Dispose();

    /// <summary>One conditional PUT; throws <see cref="S3CallException"/> for every answer but success.</summary>
    internal async ValueTask CreateOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        await _calls.CallAsync(token => PutAsync(name, content, token), () => Requests.Put(content.Length), content.Length, cancellationToken);

    /// <summary>Makes the bucket; throws <see cref="S3CallException"/>.</summary>
    internal async ValueTask CreateBucketAsync(CancellationToken cancellationToken) => await _calls.CallAsync(
        token => _calls.Client.PutBucketAsync(new PutBucketRequest { BucketName = _settings.Bucket, UseClientRegion = true }, token), Requests.List, 0, cancellationToken);

    private async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string name, ByteRange? range, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        try
        {
            var bytes = await RetriedAsync(name, token => GetAsync(name, range, token), () => Requests.Get(), cancellationToken);
            Requests.Received(bytes.Length);
            return bytes;
        }
        catch (S3CallException failure) when (failure.Answer == S3Answer.NotFound)
        {
            return null;
        }
        catch (S3CallException failure) when (failure.Answer == S3Answer.OutOfRange)
        {
            return ReadOnlyMemory<byte>.Empty;
        }
    }

    private Task<PutObjectResponse> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => _calls.Client.PutObjectAsync(
        new PutObjectRequest
        {
            BucketName = _settings.Bucket,
            Key = _settings.Prefix + name,
            InputStream = S3Content.Stream(content),
            IfNoneMatch = "*",
            UseChunkEncoding = false,
        },
        cancellationToken);

    private async Task<ReadOnlyMemory<byte>> GetAsync(string name, ByteRange? range, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _settings.Bucket, Key = _settings.Prefix + name, ByteRange = range };
        using var response = await _calls.Client.GetObjectAsync(request, cancellationToken);
        return await S3Content.ReadAsync(response, cancellationToken);
    }

    private Task<ListObjectsV2Response> PageAsync(string prefix, string? after, CancellationToken cancellationToken) => _calls.Client.ListObjectsV2Async(
        new ListObjectsV2Request
        {
            BucketName = _settings.Bucket,
            Prefix = _settings.Prefix + prefix,
            StartAfter = after is null ? null : _settings.Prefix + after,
            MaxKeys = S3Limits.PageNames,
        },
        cancellationToken);

    /// <summary>What may be asked again without harm is, a few times; then the store is unavailable.</summary>
    private async ValueTask<T> RetriedAsync<T>(string name, Func<CancellationToken, Task<T>> ask, Action count, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await _calls.CallAsync(ask, count, 0, cancellationToken);
            }
            catch (S3CallException failure) when (failure.Answer is S3Answer.None or S3Answer.Conflict && tries < S3Limits.Tries)
            {
                await _calls.PauseAsync(tries, cancellationToken);
            }
            catch (S3CallException failure) when (failure.Answer is not (S3Answer.NotFound or S3Answer.OutOfRange))
            {
                throw Unavailable(name, failure);
            }
        }
    }

    private StoreUnavailableException Unavailable(string name, S3CallException failure) =>
        new($"The store {_settings} failed on {name}: {failure.Message}.", failure.InnerException);
}
