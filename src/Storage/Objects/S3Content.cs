using System.Runtime.InteropServices;
using Amazon.S3.Model;

namespace Mjolnir.Storage.Objects;

/// <summary>Content on its way to and from S3.</summary>
internal static class S3Content
{
    /// <summary>The content as a stream, without copying where it is an array's.</summary>
    public static MemoryStream Stream(ReadOnlyMemory<byte> content) => MemoryMarshal.TryGetArray(content, out var array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(content.ToArray(), writable: false);

    /// <summary>The whole content of an answer; one that ends early is no answer.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(GetObjectResponse response, CancellationToken cancellationToken)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)response.ContentLength));
        await response.ResponseStream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }
}
