using System.IO.Compression;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>Compresses a version's files once, in the background, smallest first, so that starting does not wait and the first visitors are served meanwhile.</summary>
internal static class FileCompressor
{
    private const int BestBrotli = 11;
    private const int GoodBrotli = 5;
    private const int FastBrotli = 1;
    private const int BrotliWindow = 22;

    public static void CompressAll(IEnumerable<ServedFile> files, CancellationToken cancellationToken)
    {
        foreach (var file in files.Where(file => file.IsCompressible).OrderBy(file => file.Identity.Content.Length))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Keep(file, ContentCoding.Gzip, Gzip(file.Identity.Content, CompressionLevel.SmallestSize));
            var quality = file.Identity.Content.Length <= AppServerLimits.BestBrotliBytes ? BestBrotli : GoodBrotli;
            Keep(file, ContentCoding.Brotli, Brotli(file.Identity.Content, quality));
        }
    }

    public static byte[] GzipFast(ReadOnlyMemory<byte> content) => Gzip(content, CompressionLevel.Fastest);

    public static byte[] BrotliFast(ReadOnlyMemory<byte> content) => Brotli(content, FastBrotli);

    /// <summary>A form that is no smaller is not worth a client's time.</summary>
    private static void Keep(ServedFile file, ContentCoding coding, byte[] compressed)
    {
        if (compressed.Length < file.Identity.Content.Length)
        {
            file.Add(coding, compressed);
        }
    }

    private static byte[] Gzip(ReadOnlyMemory<byte> content, CompressionLevel level)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level))
        {
            gzip.Write(content.Span);
        }

        return compressed.ToArray();
    }

    private static byte[] Brotli(ReadOnlyMemory<byte> content, int quality)
    {
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(content.Length)];
        return BrotliEncoder.TryCompress(content.Span, compressed, out var written, quality, BrotliWindow)
            ? compressed[..written]
            : throw new InvalidOperationException("Brotli refused a buffer of the size it asked for.");
    }
}
