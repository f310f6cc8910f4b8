using System.Net;
using System.Net.Sockets;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Up;

/// <summary>What <c>up</c> says when something is missing or taken: one clear message, and nothing left behind.</summary>
public sealed class Requirements_of_up : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_port_in_use_is_named_with_another_to_try()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var (code, output) = await UpAsync("--with-services", "--port", $"{port}");

        Assert.Equal(1, code);
        Assert.Contains($"port {port} is in use by another program", output);
        Assert.Contains($"--port {port + 1}", output);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Without_a_queue_it_says_how_to_name_or_start_one()
    {
        var (code, output) = await UpAsync("--port", $"{FreePort()}");

        Assert.Equal(2, code);
        Assert.Contains("no RabbitMQ is named", output);
        Assert.Contains("--with-services", output);
    }

    [Fact]
    public async Task Without_a_bucket_it_says_how_to_name_one()
    {
        var (code, output) = await UpAsync("--port", $"{FreePort()}", "--amqp", "amqp://guest:very-secret@127.0.0.1:1");

        Assert.Equal(2, code);
        Assert.Contains("no S3 bucket is named", output);
        Assert.DoesNotContain("very-secret", output);
    }

    [Fact]
    public async Task A_data_folder_whose_path_is_too_long_for_a_socket_is_refused()
    {
        var (code, output) = await MjolnirProcess.RunAsync("up", Repository.Bank, "--with-services", "--port", $"{FreePort()}", "--data", _folder.At(new string('d', 100)));

        Assert.Equal(1, code);
        Assert.Contains("too long for a control socket", output);
    }

    [Theory]
    [InlineData("--stacks", "0")]
    [InlineData("--stack", "modern")]
    [InlineData("--sign-in", "closed")]
    [InlineData("--memcached-memory", "1")]
    [InlineData("--s3", "nowhere")]
    public async Task Called_wrongly_it_ends_with_2(string option, string value)
    {
        var (code, _) = await UpAsync(option, value);

        Assert.Equal(2, code);
    }

    [Fact]
    public async Task Scale_and_recover_say_when_nothing_runs()
    {
        var (scaled, scaling) = await MjolnirProcess.RunAsync("scale", "3", "--data", _folder.Path);
        var (recovered, recovery) = await MjolnirProcess.RunAsync("recover", "--data", _folder.Path);

        Assert.Equal((1, 1), (scaled, recovered));
        Assert.Contains("no 'mjolnir up' runs on", scaling);
        Assert.Contains("no cluster runs there", recovery);
    }

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.At("data");

    private Task<(int ExitCode, string Output)> UpAsync(params string[] options) => MjolnirProcess.RunAsync(["up", Repository.Bank, "--data", Data, .. options]);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
