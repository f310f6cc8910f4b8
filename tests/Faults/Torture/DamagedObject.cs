using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>
/// A byte of a stored object flips, and flips back later: what no part of the product can do, since none overwrites. Asks the store itself, past the links. An object that was collected meanwhile is left alone, or it would
/// come back from the dead: both writes are conditional on the bytes that they replace.
/// </summary>
/// <param name="settings">where the objects are</param>
internal sealed class DamagedObject(S3Settings settings) : IDisposable
{
    private readonly AmazonS3Client _client = new(
        new BasicAWSCredentials(settings.AccessKey, settings.SecretKey),
        new AmazonS3Config
        {
            ServiceURL = settings.Endpoint!.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = settings.Region,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });

    /// <summary>Its name; null until something is damaged.</summary>
    public string? Name { get; private set; }

    private byte[] Whole { get; set; } = [];

    private byte[] Bad { get; set; } = [];

    /// <summary>Damages one of all objects; false if there is none, or it was collected while it was looked at.</summary>
    /// <param name="where">which object and which byte, from 0 to 1</param>
    /// <param name="cancellationToken">gives up</param>
    public async Task<bool> FlipAsync(double where, CancellationToken cancellationToken)
    {
        var names = await NamesAsync(cancellationToken);
        if (names.Count == 0 || await GetAsync(names[(int)(where * names.Count)], cancellationToken) is not { Content.Length: > 0 } found)
        {
            return false;
        }

        (Whole, Bad) = (found.Content, [.. found.Content]);
        Bad[(int)(where * 7919 * Bad.Length) % Bad.Length] ^= 0x20;
        if (!await ReplaceAsync(names[(int)(where * names.Count)], Bad, found.Tag, cancellationToken))
        {
            return false;
        }

        Name = names[(int)(where * names.Count)];
        return true;
    }

    /// <summary>Puts back what was damaged, unless it was collected.</summary>
    public async Task MendAsync(CancellationToken cancellationToken)
    {
        if (Name is { } name && await GetAsync(name, cancellationToken) is { } found)
        {
            Assert.Equal(Bad, found.Content);
            await ReplaceAsync(name, Whole, found.Tag, cancellationToken);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        var request = new ListObjectsV2Request { BucketName = settings.Bucket, Prefix = settings.Prefix };
        ListObjectsV2Response page;
        do
        {
            page = await _client.ListObjectsV2Async(request, cancellationToken);
            names.AddRange((page.S3Objects ?? []).Select(listed => listed.Key[settings.Prefix.Length..]));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);

        return names;
    }

    private async Task<(byte[] Content, string Tag)?> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _client.GetObjectAsync(settings.Bucket, settings.Prefix + name, cancellationToken);
            using var content = new MemoryStream();
            await answer.ResponseStream.CopyToAsync(content, cancellationToken);

            // Ceph compares it without the quotes that it gives it in.
            return (content.ToArray(), answer.ETag.Trim('"'));
        }
        catch (AmazonS3Exception fault) when (fault.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<bool> ReplaceAsync(string name, byte[] content, string tag, CancellationToken cancellationToken)
    {
        try
        {
            await _client.PutObjectAsync(new PutObjectRequest { BucketName = settings.Bucket, Key = settings.Prefix + name, InputStream = new MemoryStream(content), IfMatch = tag, UseChunkEncoding = false }, cancellationToken);
            return true;
        }
        catch (AmazonS3Exception fault) when (fault.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.NotFound)
        {
            return false;
        }
    }
}
