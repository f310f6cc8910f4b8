using System.Security.Cryptography;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>A file's bytes in one coding, with a strong tag of its own.</summary>
/// <param name="Coding">the coding</param>
/// <param name="Content">the bytes as they travel</param>
/// <param name="Tag">strong ETag, quotes included</param>
internal sealed record Representation(ContentCoding Coding, ReadOnlyMemory<byte> Content, string Tag);

/// <summary>A file in memory, in each form in which it travels. The compressed forms come later, from the background; until then it travels as it is.</summary>
internal sealed class ServedFile
{
    private const int TagBytes = 12;

    private readonly string _tag;
    private Representation? _gzip;
    private Representation? _brotli;

    public ServedFile(string path, ReadOnlyMemory<byte> content, string contentType)
    {
        Path = path;
        ContentType = contentType;
        _tag = Tag(content.Span);
        Identity = new Representation(ContentCoding.Identity, content, $"\"{_tag}\"");
    }

    public string Path { get; }

    public string ContentType { get; }

    public Representation Identity { get; }

    /// <summary>Whether compressing it is worth trying: images, fonts and archives are compressed already.</summary>
    public bool IsCompressible => Identity.Content.Length >= AppServerLimits.CompressedBytes
        && (ContentType.StartsWith("text/", StringComparison.Ordinal)
            || ContentType.Contains("json", StringComparison.Ordinal)
            || ContentType.Contains("javascript", StringComparison.Ordinal)
            || ContentType.Contains("xml", StringComparison.Ordinal)
            || ContentType.Contains("wasm", StringComparison.Ordinal)
            || ContentType.StartsWith("font/ttf", StringComparison.Ordinal)
            || ContentType.StartsWith("image/bmp", StringComparison.Ordinal));

    /// <summary>Identifies the content; the same bytes have the same.</summary>
    public string ContentHash => _tag;

    public static ServedFile Of(Asset asset) => new(asset.Path, asset.Content, asset.ContentType);

    /// <summary>A page without templates: one text for all.</summary>
    public static ServedFile Of(Page page) => new(page.Path, page.Literals[0], TemplatedPage.ContentType);

    /// <summary>The best form that is ready and accepted; null if none is.</summary>
    public Representation? Best(AcceptedCodings accepted)
    {
        Representation? best = null;
        var quality = 0.0;
        foreach (var candidate in (ReadOnlySpan<Representation?>)[Volatile.Read(ref _brotli), Volatile.Read(ref _gzip), Identity])
        {
            if (candidate is not null && accepted.QualityOf(candidate.Coding) is var q && q > quality)
            {
                (best, quality) = (candidate, q);
            }
        }

        return best ?? InHaste(accepted);
    }

    /// <summary>Makes a compressed form available.</summary>
    public void Add(ContentCoding coding, byte[] content)
    {
        if (coding == ContentCoding.Brotli)
        {
            Volatile.Write(ref _brotli, new Representation(coding, content, $"\"{_tag}-br\""));
        }
        else
        {
            Volatile.Write(ref _gzip, new Representation(coding, content, $"\"{_tag}-gz\""));
        }
    }

    /// <summary>The tag of these bytes.</summary>
    public static string Tag(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return Convert.ToHexStringLower(hash[..TagBytes]);
    }

    /// <summary>For a client that excludes identity and asks before the background is done, or for a file not worth compressing. Its own tag, for the bytes are others.</summary>
    private Representation? InHaste(AcceptedCodings accepted)
    {
        if (accepted.QualityOf(ContentCoding.Gzip) > 0)
        {
            return new Representation(ContentCoding.Gzip, FileCompressor.GzipFast(Identity.Content), $"\"{_tag}-gf\"");
        }

        return accepted.QualityOf(ContentCoding.Brotli) > 0
            ? new Representation(ContentCoding.Brotli, FileCompressor.BrotliFast(Identity.Content), $"\"{_tag}-bf\"")
            : null;
    }
}
