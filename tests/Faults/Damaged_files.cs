using System.Globalization;
using Mjolnir.Running;

namespace Mjolnir.Faults.Tests;

/// <summary>The real process started on a data folder with a damaged file: it repairs what was never confirmed, and refuses the rest by name and place.</summary>
public sealed class Damaged_files : IAsyncLifetime, IDisposable
{
    private const int Transfers = 40;

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false });
    private readonly List<Transfer> _acknowledged = [];
    private readonly LedgerServer _server;
    private readonly Ledger _ledger;

    public Damaged_files()
    {
        _server = new LedgerServer(_folder);
        _ledger = new Ledger(_http);
    }

    public async Task InitializeAsync()
    {
        await _server.StartAsync(stacks: 1);
        var url = await _server.UrlAsync();
        await _ledger.SignInAsync(url, "teller");
        for (var i = 0; i < Transfers; i++)
        {
            var transfer = new Transfer($"t{i}", i % FaultLimits.Accounts, (i + 1) % FaultLimits.Accounts, 1 + i);
            await _ledger.ResultAsync(url, "transfer", transfer.Json);
            _acknowledged.Add(transfer);
        }
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_interrupted_write_at_the_end_of_a_log_is_cut_off_and_nothing_confirmed_is_lost()
    {
        await _server.KillAsync();
        var log = LogFile();
        var length = new FileInfo(log).Length;
        await using (var file = new FileStream(log, FileMode.Append))
        {
            file.Write([200, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }

        await _server.StartAsync(stacks: 1);

        await _server.Process.LineAsync(line => line.Contains($"13 bytes of an interrupted write, never confirmed, were cut off {log} at byte {length}", StringComparison.Ordinal));
        await LedgerAudit.RequireExactlyOnceAsync(_ledger, await _server.UrlAsync(), _acknowledged);
    }

    [Fact]
    public async Task A_flipped_byte_in_a_log_is_refused_by_file_and_offset_and_never_skipped()
    {
        await _server.KillAsync();
        var log = LogFile();
        var output = await RefusedWithFlipAsync(log, new FileInfo(log).Length * 3 / 4);

        Assert.Contains(log, output);
        Assert.Matches("[Oo]ffset|byte", output);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_flipped_byte_in_a_segment_is_refused_by_name()
    {
        await StopAsync();
        var segment = StoreFiles("entries").MaxBy(file => new FileInfo(file).Length)!;
        var output = await RefusedWithFlipAsync(segment, new FileInfo(segment).Length / 2);

        Assert.Contains(Path.GetFileName(segment), output);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_cut_segment_is_refused_by_name()
    {
        await StopAsync();
        var segment = StoreFiles("entries").MaxBy(file => new FileInfo(file).Length)!;
        var whole = await File.ReadAllBytesAsync(segment);
        await File.WriteAllBytesAsync(segment, whole[..(whole.Length / 2)]);

        var output = await RefusedAsync();

        Assert.Contains(Path.GetFileName(segment), output);
        await File.WriteAllBytesAsync(segment, whole);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_damaged_manifest_is_refused_by_name()
    {
        await StopAsync();
        var manifest = StoreFiles("entries").Order(StringComparer.Ordinal).First();
        var output = await RefusedWithFlipAsync(manifest, new FileInfo(manifest).Length - 100);

        Assert.Contains(Path.GetFileName(manifest), output);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_missing_segment_is_refused_by_name()
    {
        await StopAsync();
        var segment = StoreFiles("entries").MaxBy(file => new FileInfo(file).Length)!;
        var whole = await File.ReadAllBytesAsync(segment);
        File.Delete(segment);

        var output = await RefusedAsync();

        Assert.Contains(Path.GetFileName(segment), output);
        await File.WriteAllBytesAsync(segment, whole);
        await IsWholeAgainAsync();
    }

    private string LogFile() => Directory.EnumerateFiles(Path.Combine(_server.Data, "logs"), "*.log", SearchOption.AllDirectories).Single();

    private IEnumerable<string> StoreFiles(string folder) => Directory
        .EnumerateFiles(Path.Combine(_server.Data, "store"), "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == folder);

    /// <summary>A clean stop: everything is in segments then.</summary>
    private async Task StopAsync()
    {
        _server.Process.Terminate();
        await _server.Process.EndAsync();
        Assert.Equal(0, _server.Process.ExitCode);
        await _server.KillAsync();
    }

    private async Task<string> RefusedWithFlipAsync(string file, long offset)
    {
        Flip(file, offset);
        var output = await RefusedAsync();
        Flip(file, offset);
        return output;
    }

    private async Task<string> RefusedAsync()
    {
        var (code, output) = await MjolnirProcess.RunAsync(_server.Arguments(stacks: 1));
        Assert.True(code == 1, string.Create(CultureInfo.InvariantCulture, $"exit code {code}: {output}"));
        Assert.DoesNotContain("   at Mjolnir", output);
        return output;
    }

    /// <summary>Refusing has changed nothing: with the file as it was, everything is there.</summary>
    private async Task IsWholeAgainAsync()
    {
        await _server.StartAsync(stacks: 1);
        await LedgerAudit.RequireExactlyOnceAsync(_ledger, await _server.UrlAsync(), _acknowledged);
    }

    private static void Flip(string file, long offset)
    {
        using var stream = new FileStream(file, FileMode.Open);
        stream.Position = offset;
        var value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
