using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Configuration;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Configuration;

/// <summary>stack.json, environment and command line: what is read, what is refused, and in which words.</summary>
public sealed class Stack_configurations : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<string> _variables = [];

    [Fact]
    public void A_whole_file_is_read_and_paths_are_relative_to_it()
    {
        var read = Read(StackRole.App, Whole());

        Assert.Equal(("bank", "s1", "127.0.0.1:9001"), (read.Cluster, read.Server.Name, read.Server.Listen));
        Assert.Equal(_folder.At("bank"), read.Application);
        Assert.Equal(_folder.At("data", "s1"), read.Server.Data);
        Assert.Equal(SignInMode.Open, read.Server.SignIn);
        Assert.Equal(["127.0.0.1:11211"], read.Cache.Nodes);
        Assert.False(read.Server.RateLimit);
        Assert.Equal(0.5, read.Telemetry.Sample);
    }

    [Fact]
    public void The_environment_is_stronger_than_the_file_and_the_command_line_than_both()
    {
        Set("Mjolnir__Cache__Nodes__0", "127.0.0.1:22222");
        Set("Mjolnir__Server__Name", "s2");

        var read = Read(StackRole.App, Whole(), ("Server:Name", "s3"));

        Assert.Equal(["127.0.0.1:22222"], read.Cache.Nodes);
        Assert.Equal("s3", read.Server.Name);
    }

    [Fact]
    public void No_file_is_needed()
    {
        Set("Mjolnir__Server__Name", "w1");
        Set("Mjolnir__Queue__Url", "amqp://guest:guest@127.0.0.1");
        Set("Mjolnir__Store__Bucket", "b");
        Set("Mjolnir__Secrets__Folder", "secrets");

        Assert.Equal("w1", ConfigurationReader.Read(StackRole.WriteBehind, null, []).Server.Name);
    }

    [Theory]
    [InlineData("amqp://guest:guest@10.0.0.5:5672,10.0.0.6:5672,10.0.0.7:5672/vhost")]
    [InlineData("amqps://guest:guest@10.0.0.5,amqps://guest:guest@10.0.0.6")]
    public void A_queue_of_several_nodes_is_named_by_all_of_them(string url)
    {
        Set("Mjolnir__Server__Name", "w1");
        Set("Mjolnir__Queue__Url", url);
        Set("Mjolnir__Store__Bucket", "b");
        Set("Mjolnir__Secrets__Folder", "secrets");

        Assert.Equal(url, ConfigurationReader.Read(StackRole.WriteBehind, null, []).Queue.Url);
    }

    [Theory]
    [InlineData("\"Name\": \"s1\"", "\"Nmae\": \"s1\"", "stack.json: Server:Nmae is no key of the configuration; known here: Name, Listen")]
    [InlineData("\"Cache\": {", "\"Cash\": {", "stack.json: Cash is no key of the configuration; known here: Cluster")]
    [InlineData("\"RateLimit\": false", "\"RateLimit\": \"no\"", "Server:RateLimit must be true or false; what is given 'no' is not")]
    [InlineData("\"SignIn\": \"open\"", "\"SignIn\": \"1\"", "Server:SignIn must be one of password, open")]
    [InlineData("\"Server\": {", "\"Server\": \"s1\", \"Telemetry\": {", "Server must be an object")]
    [InlineData("[\"127.0.0.1:11211\"]", "\"127.0.0.1:11211\"", "Cache:Nodes must be a list")]
    [InlineData("[\"127.0.0.1:11211\"]", "[\"127.0.0.1:11211\", \"127.0.0.1:11212\"]", "Cache:Nodes names 2 memcached servers; a server has exactly one")]
    [InlineData("[\"127.0.0.1:11211\"]", "[\"11211\"]", "Cache:Nodes:0 '11211' is no address")]
    [InlineData("\"Name\": \"s1\",", "", "Server:Name is missing: the V-stack's name, such as s1. Give it in ")]
    [InlineData("\"Name\": \"s1\"", "\"Name\": \"S 1\"", "Server:Name 'S 1' is no name")]
    [InlineData("\"Name\": \"s1\"", "\"Name\": { \"a\": 1 }", "Server:Name must be text, not an object or a list")]
    [InlineData("127.0.0.1:9001", "localhost", "Server:Listen 'localhost' is no address to listen on")]
    [InlineData("127.0.0.1:9001", "0.0.0.0:9001", "Server:Url is missing: the server listens on all addresses")]
    [InlineData("\"bank\",\n", "\"Bank of Asgard\",\n", "Cluster 'Bank of Asgard' is no name")]
    [InlineData("\"Sample\": 0.5", "\"Sample\": 50", "Telemetry:Sample must be from 0")]
    [InlineData("\"SecretKey\": \"very-secret\"", "\"SecretKey\": \"\"", "Store:SecretKey is missing: the other half")]
    [InlineData("amqp://guest:very-secret@", "http://guest:very-secret@", "Queue:Url is no URL; it looks like amqp://")]
    [InlineData("\"Application\": \"bank\"", "\"Application\": \"bnak\"", "Application names no folder: ")]
    public void A_mistake_is_named_with_its_place_and_never_with_a_secret(string right, string wrong, string message)
    {
        Assert.Contains(right, Whole());

        var failure = Assert.Throws<FailureException>(() => Read(StackRole.App, Whole().Replace(right, wrong)));

        Assert.Contains(message, failure.Message);
        Assert.DoesNotContain("very-secret", failure.Message);
        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
    }

    [Fact]
    public void All_mistakes_are_told_together_each_with_its_source()
    {
        Set("Mjolnir__Server__RateLimt", "true");

        var failure = Assert.Throws<FailureException>(() => Read(StackRole.App, Whole().Replace("\"RateLimit\": false", "\"RateLimit\": 7"), ("Cache:Node", "x")));

        Assert.Contains("3 mistakes", failure.Message);
        Assert.Contains("stack.json: Server:RateLimit must be", failure.Message);
        Assert.Contains("environment variable Mjolnir__Server__RateLimt: Server:RateLimt is no key", failure.Message);
        Assert.Contains("command line (--Cache:Node): Cache:Node is no key", failure.Message);
    }

    [Fact]
    public void A_file_that_is_no_JSON_is_refused_with_its_line()
    {
        var failure = Assert.Throws<FailureException>(() => Read(StackRole.App, "{\n  \"Cluster\": \n}"));

        Assert.Contains("stack.json is not valid JSON", failure.Message);
        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var failure = Assert.Throws<FailureException>(() => ConfigurationReader.Read(StackRole.App, "/nowhere/stack.json", []));

        Assert.Equal(("there is no file /nowhere/stack.json", ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Fact]
    public void A_proxy_needs_certificates_for_https_and_files_that_exist()
    {
        var failure = Assert.Throws<FailureException>(() => Read(StackRole.Proxy, """
            {
              "Secrets": { "Folder": "secrets" },
              "Proxy": {
                "Listen": ["https://0.0.0.0:443"],
                "Certificates": [{ "Certificate": "gone.pem", "Key": "gone.key" }],
                "Applications": [{ "Hosts": ["bank.example.com"], "Servers": ["10.0.0.5:9001"] }]
              }
            }
            """));

        Assert.Contains($"Proxy:Certificates:0:Certificate names no file: {_folder.At("gone.pem")}", failure.Message);
        Assert.Contains("Proxy:Certificates:0:Key names no file", failure.Message);
        Assert.Contains("Proxy:Applications:0:Servers:0 is no URL; it looks like http://", failure.Message);
    }

    [Fact]
    public void Printing_a_configuration_prints_no_secret() => Assert.DoesNotContain("very-secret", Read(StackRole.App, Whole()).ToString());

    [Fact]
    public void Overrides_are_given_with_or_without_an_equals_sign() =>
        Assert.Equal([new("Server:Name", "s1"), new("Cluster", "a=b")], ConfigurationReader.Overrides(["--Server:Name", "s1", "--Cluster=a=b"]));

    [Fact]
    public void A_key_that_is_given_twice_is_refused()
    {
        var failure = Assert.Throws<FailureException>(() => ConfigurationReader.Overrides(["--Server:Name=s1", "--server:name", "s2"]));

        Assert.Equal(("--Server:Name is given twice", ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Theory]
    [InlineData("s1")]
    [InlineData("--Server:Name")]
    public void What_is_no_override_is_refused(string token) =>
        Assert.Contains(token, Assert.Throws<FailureException>(() => ConfigurationReader.Overrides([token])).Message);

    public void Dispose()
    {
        _variables.ForEach(name => Environment.SetEnvironmentVariable(name, null));
        _folder.Dispose();
    }

    private StackConfiguration Read(StackRole role, string content, params (string Key, string Value)[] overrides)
    {
        Directory.CreateDirectory(_folder.At("bank"));
        return ConfigurationReader.Read(role, _folder.Write("stack.json", content), [.. overrides.Select(each => KeyValuePair.Create<string, string?>(each.Key, each.Value))]);
    }

    private void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        _variables.Add(name);
    }

    private static string Whole() => """
        {
          "Cluster": "bank",
          "Application": "bank",
          "Server": { "Name": "s1", "Listen": "127.0.0.1:9001", "Peer": "127.0.0.1:9101", "Data": "data/s1", "SignIn": "open", "RateLimit": false },
          "Cache": { "Nodes": ["127.0.0.1:11211"] },
          "Queue": { "Url": "amqp://guest:very-secret@127.0.0.1:5672" },
          "Store": { "Endpoint": "http://127.0.0.1:9000", "Bucket": "mjolnir", "AccessKey": "very-secret", "SecretKey": "very-secret" },
          "Secrets": { "Folder": "data/secrets" },
          "Telemetry": { "Sample": 0.5 }
        }
        """;
}
