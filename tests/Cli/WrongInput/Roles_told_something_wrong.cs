using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;

namespace Mjolnir.Cli.Tests.WrongInput;

/// <summary>Each role by itself with one thing wrong: one message that says what, where and what to do, and an end with a code.</summary>
public sealed class Roles_told_something_wrong : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    public async Task Credentials_that_RabbitMQ_does_not_know(string role)
    {
        var address = await QueueAddressAsync();

        var output = await EndAsync(role, $"--Queue:Url=amqp://mallory:very-secret@{address}");

        Assert.Contains($"RabbitMQ at {address} does not let the user 'mallory' in: check user and password", output);
        Assert.DoesNotContain("Waiting", output);
    }

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    public async Task A_virtual_host_that_does_not_exist(string role)
    {
        var output = await EndAsync(role, $"--Queue:Url={(await RabbitMqServer.SharedAsync()).Url.TrimEnd('/')}/nowhere");

        Assert.Contains("use the virtual host 'nowhere'", output);
        Assert.Contains("check the path of the AMQP URL", output);
        Assert.DoesNotContain("Waiting", output);
    }

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    public async Task Keys_that_the_store_does_not_know(string role)
    {
        var store = (await S3Server.SharedAsync()).NewSettings();

        var unknown = await EndAsync(role, [.. await GoodAsync(), "--Store:AccessKey=mallory", "--Store:SecretKey=very-secret"]);
        var wrong = await EndAsync(role, [.. await GoodAsync(), $"--Store:AccessKey={store.AccessKey}", "--Store:SecretKey=very-secret"]);

        Assert.Contains("the access key is not known there", unknown);
        Assert.Contains("the secret key is wrong", wrong);
        Assert.All([unknown, wrong], output => Assert.Contains(store.Endpoint!.Authority, output));
        Assert.All([unknown, wrong], output => Assert.Contains("Check the keys", output));
    }

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    public async Task A_store_that_creates_what_exists_and_a_server_that_is_no_store(string role)
    {
        await using var overwriting = new LaxStore(HttpStatusCode.OK);
        await using var other = new LaxStore(HttpStatusCode.NotFound);

        var unfit = await EndAsync(role, [.. await GoodAsync(), $"--Store:Endpoint={overwriting.Url}"]);
        var wrong = await EndAsync(role, [.. await GoodAsync(), $"--Store:Endpoint={other.Url}"]);

        Assert.Contains("lets an object be created twice: it ignores 'If-None-Match: *'", unfit);
        Assert.Contains("such as Amazon's or Ceph's", unfit);
        Assert.Contains($"{new Uri(other.Url).Authority}", wrong);
        Assert.Contains("cannot be used", wrong);
    }

    /// <summary>All at once, because each waits for a minute.</summary>
    [Fact]
    public async Task Services_that_do_not_answer_are_waited_for_aloud_and_not_for_ever()
    {
        var dead = $"127.0.0.1:{Programs.FreePorts(1)[0]}";
        string[] withoutQueue = [.. await GoodAsync(), $"--Queue:Url=amqp://guest:very-secret@{dead}"];
        string[] withoutStore = [.. await GoodAsync(), $"--Store:Endpoint=http://{dead}"];

        var ends = await Task.WhenAll(EndAsync("app", withoutQueue), EndAsync("write-behind", withoutQueue), EndAsync("app", withoutStore), EndAsync("write-behind", withoutStore));

        Assert.All(ends, output => Assert.Contains("Waiting: ", output));
        Assert.All(ends, output => Assert.Contains(dead, output));
        Assert.All(ends[..2], output => Assert.Contains("mjolnir: RabbitMQ is not reachable at", output));
        Assert.All(ends[2..], output => Assert.Contains("cannot be reached", output));
        Assert.All(ends[2..], output => Assert.Contains("Check the address, and that the service runs", output));
    }

    [Theory]
    [InlineData("app", "Server:Listen")]
    [InlineData("app", "Server:Peer")]
    [InlineData("write-behind", "Server:Listen")]
    [InlineData("proxy", "Proxy:Listen:0")]
    public async Task A_port_that_another_program_has(string role, string key)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var output = await EndAsync(role, $"--{key}={other.LocalEndpoint}");

        Assert.Contains($"{key}: {other.LocalEndpoint} is in use by another program", output);
        Assert.Contains($"--{key}=", output);
    }

    [Theory]
    [InlineData("app", "Server:Listen")]
    [InlineData("write-behind", "Server:Listen")]
    [InlineData("proxy", "Proxy:Listen:0")]
    public async Task An_address_of_another_machine(string role, string key) =>
        Assert.Contains($"{key}: 192.0.2.1:9001 is no address of this machine", await EndAsync(role, $"--{key}=192.0.2.1:9001", "--Server:Url=http://192.0.2.1:9001"));

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    [InlineData("proxy")]
    public async Task A_folder_without_secrets(string role)
    {
        var output = await EndAsync(role, $"--Secrets:Folder={_folder.At("nothing")}");

        Assert.Contains(_folder.At("nothing"), output);
        Assert.Contains("copy it from a server that has it, or make one with mjolnir secrets", output);
    }

    [Theory]
    [InlineData("app")]
    [InlineData("write-behind")]
    [InlineData("proxy")]
    public async Task A_configuration_that_cannot_be_read_or_contradicts_itself(string role)
    {
        var torn = _folder.Write("torn.json", "{\n  \"Cluster\": \n}");
        var twice = _folder.Write("twice.json", """{ "Cluster": "a", "Server": { "Name": "s1" }, "Cluster": "b" }""");

        Assert.Contains("torn.json is not valid JSON", await PlainEnd.OfAsync(2, _folder.Path, role, "--config", torn));
        Assert.Contains("Cluster", await PlainEnd.OfAsync(2, _folder.Path, role, "--config", twice));
        Assert.Contains($"there is no file {_folder.At("gone.json")}", await PlainEnd.OfAsync(2, _folder.Path, role, "--config", _folder.At("gone.json")));
        Assert.Contains(_folder.Path, await PlainEnd.OfAsync(2, _folder.Path, role, "--config", _folder.Path));
    }

    [Theory]
    [InlineData("app", "--Server:Peer=127.0.0.1:7001", "--Server:Listen=127.0.0.1:7001", "Server:Peer has the port of Server:Listen, 7001")]
    [InlineData("proxy", "--Proxy:Listen:0=127.0.0.1:7001", "--Proxy:Listen:1=http://127.0.0.1:7001", "Proxy:Listen:1 'http://127.0.0.1:7001' is listed twice")]
    [InlineData("proxy", "--Proxy:Listen:0=127.0.0.1:7001", "--Proxy:RedirectToHttps=true", "Proxy:RedirectToHttps is true, but no address of Proxy:Listen begins with https://")]
    [InlineData("proxy", "--Proxy:Listen:0=https://127.0.0.1:7001", "--Proxy:RedirectToHttps=true", "an https address needs a certificate")]
    public async Task Settings_that_contradict_each_other(string role, string one, string other, string message) =>
        Assert.Contains(message, await EndAsync(role, 2, one, other));

    [Fact]
    public async Task Certificates_that_are_none_or_do_not_belong_to_their_key()
    {
        var nonsense = _folder.Write("nonsense.pem", "nonsense");
        var (certificate, key) = NewCertificate("one");
        var (_, otherKey) = NewCertificate("other");

        foreach (var (first, second) in ((string, string)[])[(nonsense, key), (certificate, nonsense), (certificate, otherKey)])
        {
            var output = await EndAsync("proxy", $"--Proxy:Listen:0=https://127.0.0.1:{Programs.FreePorts(1)[0]}", $"--Proxy:Certificates:0:Certificate={first}", $"--Proxy:Certificates:0:Key={second}");

            Assert.Contains($"The certificate {first}", output);
            Assert.Contains($"key {second}", output);
        }
    }

    [Fact]
    public async Task A_data_folder_that_another_process_has()
    {
        using var other = Storage.Folders.FolderLock.Acquire(_folder.At("data"), "server.lock");

        var output = await EndAsync("app", $"--Server:Data={_folder.At("data")}");

        Assert.Contains($"The folder {_folder.At("data")} is in use by process {Environment.ProcessId}", output);
    }

    [Fact]
    public async Task An_application_with_mistakes()
    {
        _folder.Write("broken/index.html", "<p>no mjolnir.json beside it</p>");

        var (code, output) = await MjolnirProcess.RunAsync(["app", .. Arguments(With($"--Application={_folder.At("broken")}"))]);

        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("there is no mjolnir.json", output);
        Assert.DoesNotContain("   at ", output);
    }

    public void Dispose() => _folder.Dispose();

    private Task<string> EndAsync(string role, params string[] settings) => EndAsync(role, ExitCodes.Failed, settings);

    private Task<string> EndAsync(string role, int code, params string[] settings)
    {
        var all = With(settings);
        return PlainEnd.OfAsync(code, all["Server:Data"], [role, .. Arguments(all)]);
    }

    private static IEnumerable<string> Arguments(Dictionary<string, string> settings) => settings.Select(pair => $"--{pair.Key}={pair.Value}");

    /// <summary>The usual settings, with these in place of theirs.</summary>
    private Dictionary<string, string> With(params string[] settings)
    {
        var all = Usual();
        foreach (var setting in settings)
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            all[setting[2..equals]] = setting[(equals + 1)..];
        }

        return all;
    }

    /// <summary>All right but for queue and store, which are not there.</summary>
    private Dictionary<string, string> Usual()
    {
        AppServer.Sessions.SecretsFile.LoadOrCreate(_folder.At("secrets"), TimeProvider.System);
        var ports = Programs.FreePorts(3);
        return new Dictionary<string, string>
        {
            ["Application"] = Repository.Bank,
            ["Server:Name"] = "s1",
            ["Server:Listen"] = $"127.0.0.1:{ports[0]}",
            ["Server:Peer"] = $"127.0.0.1:{ports[1]}",
            ["Server:Data"] = _folder.At("data", $"{Guid.NewGuid():N}"),
            ["Cache:Nodes:0"] = $"127.0.0.1:{ports[2]}",
            ["Queue:Url"] = $"amqp://guest:guest@127.0.0.1:{ports[2]}",
            ["Store:Bucket"] = "tests",
            ["Store:AccessKey"] = "key",
            ["Store:SecretKey"] = "very-secret",
            ["Secrets:Folder"] = _folder.At("secrets"),
            ["Proxy:Listen:0"] = $"127.0.0.1:{ports[0]}",
            ["Proxy:Applications:0:Hosts:0"] = "*",
            ["Proxy:Applications:0:Servers:0"] = "http://127.0.0.1:9001",
        };
    }

    /// <summary>A queue and a store that are all right.</summary>
    private static async Task<string[]> GoodAsync()
    {
        var store = (await S3Server.SharedAsync()).NewSettings();
        return
        [
            $"--Queue:Url={(await RabbitMqServer.SharedAsync()).Url}",
            $"--Store:Endpoint={store.Endpoint!.ToString().TrimEnd('/')}",
            $"--Store:Prefix={store.Prefix}",
        ];
    }

    private static async Task<string> QueueAddressAsync() => new Uri((await RabbitMqServer.SharedAsync()).Url).Authority;

    private (string Certificate, string Key) NewCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return (_folder.Write($"{name}.pem", certificate.ExportCertificatePem()), _folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }
}
