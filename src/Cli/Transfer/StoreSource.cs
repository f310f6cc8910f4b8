using Mjolnir.Cli.Configuration;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Transfer;

/// <summary>Opens a store to read, wherever it is: a data folder, an S3 bucket named on the command line, or that of a cluster's configuration.</summary>
/// <param name="Data">data folder of an embedded stack; null: none named</param>
/// <param name="Config">configuration file; null: none named</param>
/// <param name="S3">the service's address; null: none named</param>
/// <param name="Bucket">the bucket; null: none named</param>
/// <param name="Prefix">begins the names of objects</param>
/// <param name="Region">the region</param>
internal sealed record StoreSource(string? Data, string? Config, Uri? S3, string? Bucket, string Prefix, string Region)
{
    /// <exception cref="FailureException">there is no store, or it cannot be used</exception>
    public async Task<IObjectStore> OpenAsync(CancellationToken cancellationToken)
    {
        if (new object?[] { Data, Config, Bucket }.Count(given => given is not null) > 1 || (S3 is not null && Bucket is null))
        {
            throw new FailureException("the store is named twice, or half", "Give one of --data DIR, --config FILE, --bucket NAME (with --s3 URL, unless it is Amazon's)") { ExitCode = ExitCodes.Usage };
        }

        return Data is not null ? Folder(Data)
            : Bucket is not null ? await S3Async(new S3Settings(S3, Bucket) { Prefix = Prefix, Region = Region }, cancellationToken)
            : await S3Async(Configured(), cancellationToken);
    }

    private static FolderObjectStore Folder(string data)
    {
        var store = DataFolder.Store(Path.GetFullPath(data));
        return Directory.Exists(store) ? FolderObjectStore.OpenToRead(store) : throw new FailureException($"there is no store in {data}", "Name the data folder of a server: --data DIR");
    }

    private S3Settings Configured() => ClusterStore.SettingsOf(ConfigurationReader.Read(StackRole.Store, Config, []).Store);

    /// <summary>Reading needs no more than reading: whether the store could be written to is not asked.</summary>
    private static async Task<IObjectStore> S3Async(S3Settings settings, CancellationToken cancellationToken)
    {
        var store = new S3ObjectStore(settings, TimeProvider.System);
        try
        {
            await using var first = store.ListAsync(ObjectNames.Views, null, cancellationToken).GetAsyncEnumerator(cancellationToken);
            return await first.MoveNextAsync() ? store : throw new FailureException($"no cluster has ever used the store {settings}", "Check endpoint, bucket and prefix.");
        }
        catch (StoreUnavailableException fault)
        {
            throw new FailureException(fault.Message, "Check the address, the bucket and the keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or those of the configuration.", fault);
        }
    }
}

/// <summary>The store that a configuration names.</summary>
internal static class ClusterStore
{
    public static S3Settings SettingsOf(StoreSection section) => new(section.Endpoint.Length == 0 ? null : new Uri(section.Endpoint), section.Bucket)
    {
        Prefix = section.Prefix,
        Region = section.Region,
        AccessKey = section.AccessKey.Length == 0 ? null : section.AccessKey,
        SecretKey = section.SecretKey.Length == 0 ? null : section.SecretKey,
    };
}
