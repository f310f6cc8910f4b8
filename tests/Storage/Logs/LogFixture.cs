using System.Text;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>One log in a folder of the test, and ways to look at it as the next process would.</summary>
internal sealed class LogFixture : IAsyncDisposable
{
    public const string Log = "s1.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FileLogLimits? _limits;
    private readonly CancellationTokenSource _patience = new(Patience);
    private FileLogBroker? _broker;
    private ILogPublisher? _publisher;

    public LogFixture(TemporaryFolder folder, FileLogLimits? limits = null)
    {
        (Folder, _limits) = (folder, limits);
    }

    public TemporaryFolder Folder { get; }

    public ScriptedDisk Disk { get; } = new();

    public List<TornTail> Torn { get; } = [];

    public CancellationToken Cancellation => _patience.Token;

    public FileLogBroker Broker => _broker ??= new FileLogBroker(Folder, _limits, Torn.Add, Disk);

    public string Chunk(long first = 1) => LogChunk.PathOf(Path.Combine(Folder, Log), first);

    public static async Task<LogFixture> DeclareAsync(FileLogLimits? limits = null)
    {
        var log = new LogFixture(new TemporaryFolder(), limits);
        await log.Broker.DeclareAsync(Log, log.Cancellation);
        return log;
    }

    /// <summary>The log as a killed process would have left it now.</summary>
    public LogFixture Killed(bool withMarks = true)
    {
        var copy = new LogFixture(Folder.Copy(), _limits);
        if (!withMarks)
        {
            copy.RemoveMarks();
        }

        return copy;
    }

    /// <summary>As after a power failure that came before the marks were on the disk.</summary>
    public void RemoveMarks()
    {
        File.Delete(Path.Combine(Folder, Log, "confirmed"));
        File.Delete(Path.Combine(Folder, Log, "acknowledged"));
    }

    public async Task<PublishOutcome> PublishAsync(string text)
    {
        _publisher ??= await Broker.OpenPublisherAsync(Log, Cancellation);
        return await _publisher.PublishAsync(Encoding.UTF8.GetBytes(text), Cancellation);
    }

    public async Task ConfirmAsync(params string[] texts)
    {
        foreach (var text in texts)
        {
            Assert.Equal(PublishOutcome.Confirmed, await PublishAsync(text));
        }
    }

    /// <summary>All that a new consumer is given, told by a last message that this publishes.</summary>
    public async Task<List<string>> ReadAllAsync()
    {
        await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        await ConfirmAsync("end of test");
        var texts = new List<string>();
        while (texts.LastOrDefault() != "end of test")
        {
            texts.AddRange((await consumer.ReadAsync(Cancellation)).Select(message => message.IsSealMarker ? "SEAL" : Encoding.UTF8.GetString(message.Body.Span)));
        }

        texts.RemoveAt(texts.Count - 1);
        return texts;
    }

    public Task<CorruptLogException> RefusedAsync() =>
        Assert.ThrowsAsync<CorruptLogException>(async () => await Broker.OpenConsumerAsync(Log, Cancellation));

    public async Task CloseAsync()
    {
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
            (_broker, _publisher) = (null, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Folder.Dispose();
        _patience.Dispose();
    }
}
