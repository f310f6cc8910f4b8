using System.CommandLine;
using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Up;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>up APP</c>: a whole cluster of real processes on this machine.</summary>
internal static class UpVerb
{
    private static readonly Argument<string> App = AppFolder.Argument();
    private static readonly Option<string> Stack = new("--stack") { Description = "'classic': memcached, RabbitMQ, S3. (For one process without any of them: mjolnir dev.)", DefaultValueFactory = _ => "classic" };
    private static readonly Option<int> Stacks = Ranges.Whole("--stacks", 2, 1, CliLimits.MaxStacks, "V-stacks: memcached, app server and write-behind worker each, and an indexer where the application declares indexes.");
    private static readonly Option<int> Port = Ranges.Whole("--port", 8080, 1, 65535, "The proxy's port on 127.0.0.1.");
    private static readonly Option<int> Memory = Ranges.Whole("--memcached-memory", UpLimits.MemcachedMegabytes, 16, 1 << 20, "MB of each memcached.");
    private static readonly Option<string?> Amqp = new("--amqp") { Description = "RabbitMQ: amqp://user:password@host:5672" };
    private static readonly Option<Uri?> S3 = new("--s3") { Description = "S3 service. Keys: Mjolnir__Store__AccessKey and __SecretKey, or what the AWS SDK finds (AWS_ACCESS_KEY_ID …).", CustomParser = Url.Parse };
    private static readonly Option<string?> Bucket = new("--bucket") { Description = "S3 bucket." };
    private static readonly Option<bool> WithServices = new("--with-services") { Description = "Start RabbitMQ and an S3 (Ceph) from this machine's packages, with their data under --data." };
    private static readonly Option<string?> Data = new("--data") { Description = $"Folder for everything. Usual: {UpPlaces.Usual} in the application's folder, which is never served." };
    private static readonly Option<string?> SignIn = new("--sign-in") { Description = "'open' lets any name in without a password." };
    private static readonly Option<string?> Config = new("--config") { Description = $"Configuration for all processes alike (Cluster, Queue, Store, Telemetry, Audit). Usual: {ConfigurationSources.UsualFile} if there is one." };

    public static Command Create()
    {
        Stack.AcceptOnlyFromAmong("classic");
        SignIn.AcceptOnlyFromAmong("open", "password");
        var command = new Command("up", "Run an application as a cluster of real processes on this machine, supervised, until Ctrl-C.")
        {
            App, Stack, Stacks, Port, Memory, Amqp, S3, Bucket, WithServices, Data, SignIn, Config,
        };
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var folder = AppFolder.Resolve(parsed.GetRequiredValue(App));
        var options = new UpOptions(
            folder,
            UpPlaces.DataFolder(folder, parsed.GetValue(Data)),
            parsed.GetValue(Stacks),
            parsed.GetValue(Port),
            parsed.GetValue(Memory),
            parsed.GetValue(WithServices),
            parsed.GetValue(SignIn) == "open" ? SignInMode.Open : SignInMode.Password,
            ConfigurationReader.Read(StackRole.Cluster, parsed.GetValue(Config), Overrides(parsed)));
        using var stop = new StopSignal();
        IUpScreen screen = Console.IsOutputRedirected
            ? new PlainUpScreen(Console.Out, TimeProvider.System)
            : new LiveUpScreen(Terminal.Create(Console.Out, redirected: false), TimeProvider.System);
        return await new UpSession(options, screen, TimeProvider.System).RunAsync(stop);
    }

    private static List<KeyValuePair<string, string?>> Overrides(ParseResult parsed)
    {
        var overrides = new List<KeyValuePair<string, string?>>();
        Add("Queue:Url", parsed.GetValue(Amqp));
        Add("Store:Endpoint", parsed.GetValue(S3)?.ToString().TrimEnd('/'));
        Add("Store:Bucket", parsed.GetValue(Bucket));
        return overrides;

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                overrides.Add(new(key, value));
            }
        }
    }
}
