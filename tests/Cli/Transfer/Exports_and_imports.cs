using System.Globalization;
using System.Net;
using System.Text.Json;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Tests.Transfer;

/// <summary>Rows out of a store and into a running server, with the real program.</summary>
public sealed class Exports_and_imports : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = true });

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Rows_come_back_as_they_were_from_a_data_folder_and_from_s3_and_go_into_another_server()
    {
        // 1. A bank of two thousand more accounts, brought by import.
        var accounts = _folder.Write("users.ndjson", string.Concat(Enumerable.Range(0, 2000).Select(Account)));
        var data = _folder.At("data");
        var (process, url) = await ServeAsync(data);
        await using (process)
        {
            Assert.Equal((0, true), await RunAsync("2000 inserted, 0 replaced, 0 kept", "import", accounts, "--data", data));

            // Asked again nothing happens: what is there is the same.
            Assert.Equal((0, true), await RunAsync("0 inserted, 0 replaced, 2000 kept", "import", accounts, "--data", data));
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, "alice", "u00007", 5));
            process.Terminate();
            await process.EndAsync();
        }

        // 2. Out of the folder.
        var exported = _folder.At("out");
        Assert.Equal((0, true), await RunAsync("users: 2", "export", "--data", data, "--out", exported));
        Assert.Equal(["users.ndjson"], Directory.GetFiles(exported).Select(Path.GetFileName));
        var rows = await BalancesAsync(exported);
        Assert.Equal(Enumerable.Range(0, 2000).Sum(Balance) + 5, rows.Where(row => row.Key[0] == 'u' && row.Key.Length == 6).Sum(row => row.Value));
        Assert.Equal((995, Balance(7) + 5), (rows["alice"], rows["u00007"]));

        // 3. The same objects in a bucket give the same files.
        var settings = await CopyToS3Async(data);
        var fromS3 = _folder.At("from-s3");
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", settings.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", settings.SecretKey);
        Assert.Equal((0, true), await RunAsync("users: 2", "export", "--s3", $"{settings.Endpoint}", "--bucket", settings.Bucket, "--prefix", settings.Prefix, "--out", fromS3));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(exported, "users.ndjson")), await File.ReadAllTextAsync(Path.Combine(fromS3, "users.ndjson")));

        // 4. Into a new server, whose seed rows are in the way until they may be replaced.
        var other = _folder.At("other");
        (process, _) = await ServeAsync(other);
        await using (process)
        {
            Assert.Equal((1, true), await RunAsync("users.ndjson:1: The row 'alice' exists with other content", "import", exported, "--data", other));
            Assert.Equal((0, true), await RunAsync(" replaced, ", "import", exported, "--data", other, "--existing", "replace"));
            process.Terminate();
            await process.EndAsync();
        }

        var again = _folder.At("again");
        await RunAsync("", "export", "--data", other, "--out", again);
        Assert.Equal(rows, await BalancesAsync(again));
    }

    [Fact]
    public async Task An_export_while_money_moves_has_all_of_it()
    {
        var data = _folder.At("data");
        var (process, url) = await ServeAsync(data, "--stacks", "3");
        await using var _ = process;
        await SignInAsync(url, "alice");
        using var stop = new CancellationTokenSource();
        var moving = Task.WhenAll(Enumerable.Range(0, 6).Select(mover => MoveAsync(url, mover, stop.Token)));
        var seen = new HashSet<string>();
        for (var round = 0; round < 4; round++)
        {
            await Task.Delay(1500);
            var into = _folder.At($"out{round}");
            Assert.Equal((0, true), await RunAsync("users: ", "export", "--data", data, "--out", into));
            var rows = await BalancesAsync(into);
            Assert.Equal(1000 * rows.Count, rows.Values.Sum());
            seen.Add(string.Join(',', rows.OrderBy(row => row.Key).Select(row => row.Value)));
        }

        await stop.CancelAsync();
        await moving;
        Assert.True(seen.Count > 1, "The money never moved between two exports.");
    }

    [Fact]
    public async Task Wrong_rows_are_named_by_file_and_line_and_nothing_of_their_chunk_is_written()
    {
        var data = _folder.At("data");
        var (process, _) = await ServeAsync(data);
        await using var __ = process;
        var rows = _folder.Write("users.ndjson", string.Concat(Enumerable.Range(0, 5000).Select(number => number == 4000 ? "{\"name\":\"x\",\"balance\":\"much\"}\n" : Account(number))));
        var (code, output) = await MjolnirProcess.RunAsync("import", rows, "--data", data);
        Assert.Equal(1, code);
        Assert.Contains("users.ndjson:4001:", output, StringComparison.Ordinal);
        Assert.Contains("column 'balance' is an integer", output, StringComparison.Ordinal);

        Assert.Equal((1, true), await RunAsync("has no table 'nothing'", "import", _folder.Write("nothing.ndjson", "{}\n"), "--data", data));
        Assert.Equal((2, true), await RunAsync("there is no file or folder", "import", _folder.At("missing"), "--data", data));
    }

    [Fact]
    public async Task Rows_are_taken_only_with_the_token()
    {
        var (process, url) = await ServeAsync(_folder.At("data"));
        await using var _ = process;
        await SignInAsync(url, "alice");
        using var content = new StringContent(Account(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _http.PostAsync(new Uri(url, "/_mjolnir/rows/users"), content)).StatusCode);
        _http.DefaultRequestHeaders.Authorization = new("Bearer", "guess");
        Assert.Equal(HttpStatusCode.Unauthorized, (await _http.PostAsync(new Uri(url, "/_mjolnir/rows/users"), new StringContent(Account(1)))).StatusCode);
    }

    [Fact]
    public async Task An_export_refuses_a_folder_with_something_in_it_and_a_store_that_is_not_there()
    {
        _folder.Write("full/file", "");
        Directory.CreateDirectory(_folder.At("data", "store"));
        Assert.Equal((2, true), await RunAsync("is not empty", "export", "--data", _folder.At("data"), "--out", _folder.At("full")));
        Assert.Equal((1, true), await RunAsync("there is no store in", "export", "--data", _folder.At("none"), "--out", _folder.At("out")));
        Assert.Equal((2, true), await RunAsync("named twice", "export", "--data", _folder.At("data"), "--bucket", "b", "--out", _folder.At("out")));
    }

    private static string Account(int number) => string.Create(CultureInfo.InvariantCulture, $"{{\"name\":\"u{number:D5}\",\"balance\":{Balance(number)}}}\n");

    private static long Balance(int number) => number * 7 % 1000;

    private static async Task<(int Code, bool Said)> RunAsync(string expected, params string[] arguments)
    {
        var (code, output) = await MjolnirProcess.RunAsync(arguments);
        Assert.True(output.Contains(expected, StringComparison.Ordinal), output);
        return (code, true);
    }

    private static Task<(MjolnirProcess Process, Uri Url)> ServeAsync(string data, params string[] more) =>
        MjolnirProcess.ServeAsync(["dev", Repository.Bank, "--data", data, "--port", "0", "--sign-in", "open", .. more]);

    private static async Task<Dictionary<string, long>> BalancesAsync(string folder)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "users.ndjson"));
        return lines.Select(line => JsonElement.Parse(line)).ToDictionary(row => row.GetProperty("name").GetString()!, row => row.GetProperty("balance").GetInt64());
    }

    private static async Task<S3Settings> CopyToS3Async(string data)
    {
        var settings = (await S3Server.SharedAsync()).NewSettings();
        using var bucket = new S3ObjectStore(settings, TimeProvider.System);
        Assert.Equal(S3CheckKind.Good, (await S3Capability.CheckAsync(bucket, CancellationToken.None)).Kind);
        var folder = FolderObjectStore.OpenToRead(Path.Combine(data, "store"));
        await foreach (var name in folder.ListAsync("", null, CancellationToken.None))
        {
            await bucket.CreateSettledAsync(name, (await folder.GetAsync(name, CancellationToken.None))!.Value, CancellationToken.None);
        }

        return settings;
    }

    private async Task MoveAsync(Uri url, int mover, CancellationToken stop)
    {
        // Every other mover the other way round; a conflict of rules (no money left) is nothing here.
        var (from, to) = mover % 2 == 0 ? ("alice", "bob") : ("bob", "alice");
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await TransferAsync(url, from, to, 1 + ((i + mover) % 7));
        }
    }

    private async Task SignInAsync(Uri url, string user)
    {
        using var content = Json($$"""{"user":"{{user}}","password":"any"}""");
        (await _http.PostAsync(new Uri(url, "/_mjolnir/session"), content)).EnsureSuccessStatusCode();
    }

    private async Task<HttpStatusCode> TransferAsync(Uri url, string from, string to, int amount)
    {
        using var content = Json($$"""{"args":["{{from}}","{{to}}",{{amount}}]}""");
        using var answer = await _http.PostAsync(new Uri(url, "/_mjolnir/tx/transfer"), content);
        return answer.StatusCode;
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
