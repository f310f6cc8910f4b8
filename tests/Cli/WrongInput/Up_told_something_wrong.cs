using System.Net;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Up;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Cli.Tests.WrongInput;

/// <summary><c>up</c> with one thing wrong: one message before any process is started, and nothing left behind.</summary>
public sealed class Up_told_something_wrong : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_RabbitMQ_that_does_not_let_us_in()
    {
        var address = new Uri((await RabbitMqServer.SharedAsync()).Url).Authority;

        var output = await EndAsync("--amqp", $"amqp://mallory:very-secret@{address}", "--bucket", "b");

        Assert.Contains($"RabbitMQ at {address} does not let the user 'mallory' in: check user and password", output);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task A_RabbitMQ_that_does_not_answer()
    {
        var dead = $"127.0.0.1:{Programs.FreePorts(1)[0]}";

        var output = await EndAsync("--amqp", $"amqp://guest:very-secret@{dead}", "--bucket", "b");

        Assert.Contains($"waiting: RabbitMQ is not reachable at {dead}", output);
        Assert.Contains($"mjolnir: RabbitMQ is not reachable at {dead}", output);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task A_store_that_does_not_let_us_in_does_not_answer_or_overwrites()
    {
        var s3 = (await S3Server.SharedAsync()).NewSettings();
        await using var overwriting = new LaxStore(HttpStatusCode.OK);

        Assert.Contains("the access key is not known there", await WithStoreAsync(s3.Endpoint!.ToString().TrimEnd('/')));
        Assert.Contains("cannot be reached", await WithStoreAsync($"http://127.0.0.1:{Programs.FreePorts(1)[0]}"));
        Assert.Contains("lets an object be created twice", await WithStoreAsync(overwriting.Url));
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("memcached", "memcached is not installed", "apt-get install memcached")]
    [InlineData("radosgw", "--with-services needs programs that are not installed: radosgw", "apt-get install")]
    [InlineData("rabbitmq-server", "it is not installed (/usr/lib/rabbitmq/bin/rabbitmq-server is missing)", "apt-get install rabbitmq-server")]
    public void A_program_that_is_not_installed(string program, string message, string hint)
    {
        var options = new UpOptions(Repository.Bank, Data, 2, Programs.FreePorts(1)[0], 64, true, AppServer.Http.SignInMode.Open, new StackConfiguration());

        var failure = Assert.Throws<FailureException>(() => UpRequirements.Check(
            options,
            new UpFolder(Data),
            name => name == program ? null : $"/usr/bin/{name}",
            program == "rabbitmq-server" ? "/usr/lib/rabbitmq/bin/rabbitmq-server" : null));

        Assert.Contains(message, failure.Message);
        Assert.Contains(hint, failure.Hint);
        Assert.NotEqual(0, failure.ExitCode);
    }

    [Fact]
    public async Task Services_that_are_both_named_and_to_be_started()
    {
        var output = await EndAsync(ExitCodes.Usage, "--with-services", "--amqp", "amqp://guest:very-secret@127.0.0.1:1");

        Assert.Contains("--with-services starts a RabbitMQ and an S3, and a URL names one that runs", output);
        Assert.Contains("Leave out one of the two", output);
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_read_or_is_wrong()
    {
        Assert.Contains("torn.json is not valid JSON", await EndAsync(ExitCodes.Usage, "--config", _folder.Write("torn.json", "{")));
        Assert.Contains("Qeue is no key", await EndAsync(ExitCodes.Usage, "--config", _folder.Write("wrong.json", """{ "Qeue": {} }""")));
        Assert.Contains("there is no file", await EndAsync(ExitCodes.Usage, "--config", _folder.At("gone.json")));
    }

    [Fact]
    public async Task A_data_folder_that_another_up_has()
    {
        using var other = FolderLock.Acquire(Data, UpFolder.LockFile);

        var output = await EndAsync("--with-services");

        Assert.Contains($"another 'mjolnir up' runs on {Data}", output);
        Assert.Contains("--data DIR", output);
    }

    [Fact]
    public async Task An_application_that_is_not_there_or_has_mistakes()
    {
        _folder.Write("broken/index.html", "<p>no mjolnir.json beside it</p>");

        var (code, output) = await MjolnirProcess.RunAsync("up", _folder.At("broken"), "--with-services", "--data", Data, "--port", FreePort());
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("there is no mjolnir.json", output);
        Assert.Contains("gone", await PlainEnd.OfAsync(ExitCodes.Failed, Data, "up", _folder.At("gone"), "--with-services", "--data", Data));
        Assert.False(Directory.Exists(Data));
    }

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.At("data");

    private static string FreePort() => $"{Programs.FreePorts(1)[0]}";

    private async Task<string> WithStoreAsync(string endpoint)
    {
        var keys = _folder.Write("keys.json", """{ "Store": { "AccessKey": "mallory", "SecretKey": "very-secret" } }""");
        return await EndAsync("--amqp", (await RabbitMqServer.SharedAsync()).Url, "--s3", endpoint, "--bucket", "b", "--config", keys);
    }

    private Task<string> EndAsync(params string[] options) => EndAsync(ExitCodes.Failed, options);

    private Task<string> EndAsync(int code, params string[] options) =>
        PlainEnd.OfAsync(code, Data, ["up", Repository.Bank, "--data", Data, "--port", FreePort(), .. options]);
}
