namespace Mjolnir.Storage.Objects;

/// <summary>Where objects are kept, and with whose keys. Its text never shows the keys.</summary>
/// <param name="Endpoint">the address of the service, such as <c>http://127.0.0.1:7480</c>; null: Amazon's, of <see cref="Region"/></param>
/// <param name="Bucket">the bucket</param>
public sealed record S3Settings(Uri? Endpoint, string Bucket)
{
    /// <summary>Put before every object's name, such as <c>mjolnir/</c>, so that several clusters can share a bucket; empty: nothing.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What requests are signed for; services other than Amazon's mostly do not care.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The access key; null: what the environment has (<c>AWS_ACCESS_KEY_ID</c>, a profile, the machine's role).</summary>
    public string? AccessKey { get; init; }

    /// <summary>The secret key; null with a null <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; init; }

    /// <summary>The place, for messages: endpoint and bucket.</summary>
    public override string ToString() => $"{Endpoint?.ToString().TrimEnd('/') ?? $"s3.{Region}.amazonaws.com"}/{Bucket}{(Prefix.Length == 0 ? "" : $"/{Prefix}")}";
}
