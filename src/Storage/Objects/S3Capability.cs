using System.Text;
using Amazon.S3;

namespace Mjolnir.Storage.Objects;

/// <summary>What a look at an S3 service found.</summary>
public enum S3CheckKind
{
    /// <summary>It does all that the store needs.</summary>
    Good,

    /// <summary>It does not answer, or says "later": worth trying again.</summary>
    Unreachable,

    /// <summary>There is no such bucket, and it may not be made.</summary>
    NoBucket,

    /// <summary>The keys are wrong, or do not allow what is needed.</summary>
    Refused,

    /// <summary>It overwrites what exists, or does something else that a store must not.</summary>
    Unfit,
}

/// <summary>What a look at an S3 service found, and what to tell the operator: endpoint, bucket, what is wrong, what to do.</summary>
/// <param name="Kind">what was found</param>
/// <param name="Message">for the operator; names no keys</param>
public sealed record S3Check(S3CheckKind Kind, string Message);

/// <summary>Proves at start that an S3 service does what the store stands on: create-if-absent, reading what was created, parts of it, listing and deleting.</summary>
public static class S3Capability
{
    private const string ProbeFolder = "probe/";

    /// <summary>Asks the service, with one small object of a random name that is deleted again. Makes the bucket if there is none.</summary>
    /// <param name="store">the store</param>
    /// <param name="cancellationToken">ends the look</param>
    public static async ValueTask<S3Check> CheckAsync(S3ObjectStore store, CancellationToken cancellationToken)
    {
        var place = $"The store {store.Settings}";
        try
        {
            return await ProbeAsync(store, place, cancellationToken);
        }
        catch (S3CallException failure)
        {
            return Meaning(place, failure.Answer, failure.InnerException!);
        }
        catch (StoreUnavailableException failure)
        {
            return Meaning(place, failure.InnerException is { } inner ? S3Answers.Of(inner) : S3Answer.None, failure.InnerException ?? failure);
        }
    }

    private static async ValueTask<S3Check> ProbeAsync(S3ObjectStore store, string place, CancellationToken cancellationToken)
    {
        var name = ProbeFolder + Guid.NewGuid().ToString("N");
        var first = Encoding.UTF8.GetBytes($"the first of {name}");

        // 1. The first creation; it also tells whether keys and bucket are right.
        await CreateFirstAsync(store, name, first, cancellationToken);
        try
        {
            // 2. The second must be refused, 3. must not have changed anything, and 4. what is there must be listed.
            if (await store.CreateAsync(name, Encoding.UTF8.GetBytes($"another, longer than the first of {name}"), cancellationToken) is not CreateOutcome.Taken and var outcome)
            {
                return outcome == CreateOutcome.Unknown
                    ? new S3Check(S3CheckKind.Unreachable, $"{place} gave no answer in time.")
                    : Unfit(place, "lets an object be created twice: it ignores 'If-None-Match: *' on PUT");
            }

            var (whole, end, listed) = await ReadBackAsync(store, name, cancellationToken);
            if (whole is not { } found || !found.Span.SequenceEqual(first) || end is not { } last || !last.Span.SequenceEqual(first.AsSpan(first.Length - 5)))
            {
                return Unfit(place, "does not give back what was put");
            }

            return listed == name
                ? new S3Check(S3CheckKind.Good, $"{place} is fit for use.")
                : Unfit(place, "does not list what was put");
        }
        finally
        {
            await store.DeleteAsync(name, cancellationToken);
        }
    }

    /// <summary>The whole object, its last five bytes, and its name as listed: side by side, because every process that starts waits for it.</summary>
    private static async ValueTask<(ReadOnlyMemory<byte>? Whole, ReadOnlyMemory<byte>? End, string? Listed)> ReadBackAsync(S3ObjectStore store, string name, CancellationToken cancellationToken)
    {
        var whole = store.GetAsync(name, cancellationToken).AsTask();
        var end = store.GetRangeAsync(name, -5, 5, cancellationToken).AsTask();
        var listed = store.ListAsync(name, null, cancellationToken).FirstOrDefaultAsync(cancellationToken).AsTask();
        await Task.WhenAll(whole, end, listed);
        return (await whole, await end, await listed);
    }

    private static async ValueTask CreateFirstAsync(S3ObjectStore store, string name, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            await store.CreateOnceAsync(name, content, cancellationToken);
        }
        catch (S3CallException failure) when (failure.InnerException is AmazonS3Exception { ErrorCode: "NoSuchBucket" })
        {
            await CreateBucketAsync(store, failure, cancellationToken);
            await store.CreateOnceAsync(name, content, cancellationToken);
        }
    }

    private static async ValueTask CreateBucketAsync(S3ObjectStore store, S3CallException missing, CancellationToken cancellationToken)
    {
        try
        {
            await store.CreateBucketAsync(cancellationToken);
        }
        catch (S3CallException failure) when (failure.Answer == S3Answer.Conflict)
        {
            // Another server that starts makes it too: whether it is ours to use, the next creation tells.
        }
        catch (S3CallException failure) when (failure.Answer == S3Answer.Refused)
        {
            throw missing;
        }
    }

    private static S3Check Meaning(string place, S3Answer answer, Exception failure) => (answer, failure) switch
    {
        (_, AmazonS3Exception { ErrorCode: "NoSuchBucket" }) =>
            new S3Check(S3CheckKind.NoBucket, $"{place} cannot be used: there is no such bucket, and these keys may not make one. Make the bucket, or name another."),
        (_, AmazonS3Exception { ErrorCode: "NotImplemented" }) => Unfit(place, "does not know 'If-None-Match: *' on PUT"),
        (S3Answer.None, _) => new S3Check(S3CheckKind.Unreachable, $"{place} cannot be reached: {S3Answers.Text(failure)}. Check the address, and that the service runs."),
        _ => new S3Check(S3CheckKind.Refused,
            $"{place} cannot be used: {S3Answers.Text(failure)}. Check the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or the configuration's) and that they may put, get, list and delete in this bucket."),
    };

    private static S3Check Unfit(string place, string what) =>
        new(S3CheckKind.Unfit, $"{place} {what}. Mjolnir needs an S3 service that creates an object only if there is none of its name, such as Amazon's or Ceph's.");
}
