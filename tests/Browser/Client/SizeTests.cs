using System.IO.Compression;

namespace Mjolnir.Browser.Tests.Client;

public sealed class SizeTests
{
    private const int MostBytes = 12 * 1024;

    [Fact]
    public void The_client_is_smaller_than_12_KB_compressed()
    {
        using var script = typeof(SizeTests).Assembly.GetManifestResourceStream("mjolnir.js")!;
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true)) script.CopyTo(gzip);
        Assert.InRange(compressed.Length, 1, MostBytes - 1);
    }
}
