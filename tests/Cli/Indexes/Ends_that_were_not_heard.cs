using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Roles;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>A log ends while an indexer is cut off from RabbitMQ: nobody tells its last batches again, and they are in the indexes all the same once it is back. RabbitMQ and S3 are real, the worker is this test.</summary>
public sealed class Ends_that_were_not_heard : IDisposable
{
    private const string Log = "s1.1";

    private readonly TestFolder _folder = new();
    private long _entries;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Are_found_in_the_store_when_the_bus_is_back()
    {
        await using var broker = await RabbitMqServer.StartAsync();
        var settings = (await S3Server.SharedAsync()).NewSettings();
        var configuration = new StackConfiguration
        {
            Cluster = "ends",
            Server = new ServerSection { Name = "s1" },
            Queue = new QueueSection { Url = broker.Url },
            Store = new StoreSection { Endpoint = settings.Endpoint!.ToString(), Bucket = settings.Bucket, Prefix = settings.Prefix, AccessKey = settings.AccessKey!, SecretKey = settings.SecretKey! },
        };
        var application = AppFolder.Load(IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"]}}"""), Console.Error)!;
        await using var services = await ClusterServices.ConnectAsync(configuration, "indexer s1", hearsCommits: false, IndexedClient.Patience, static _ => { }, TimeProvider.System, CancellationToken.None);
        await services.Registry.RegisterLogAsync(Log, CancellationToken.None);
        await StoreAsync(services.Store, 1, "e1");
        await using var indexer = await IndexerPart.StartAsync(configuration, application, services, NullLoggerFactory.Instance);
        await UntilAsync(async () => indexer.IsBuilt && services.Bus.Incarnation > 0 && await IdsAsync(indexer, application) is ["e1"], indexer);

        // No worker beats, and nobody announces the seal: as if both had been told while the way was broken.
        await StoreAsync(services.Store, 2, "e2");
        await SealAsync(services.Store, 2);
        var before = services.Bus.Incarnation;
        await broker.Service.ControlAsync(["close_all_connections", "cut"], CancellationToken.None);

        await UntilAsync(() => Task.FromResult(services.Bus.Incarnation > before), indexer);
        await UntilAsync(async () => await IdsAsync(indexer, application) is ["e1", "e2"], indexer);
        Assert.Equal(1, indexer.Progress.Single().Built);
    }

    private static async Task<string[]> IdsAsync(IndexerPart indexer, Application application)
    {
        Assert.True(TableQuery.TryBind(application.Name, "events", application.Tables["events"].Indexes, new QueryTerms([], null, "price", false), out var query));

        // Nothing is asked for that the indexer would then look for.
        var answer = await indexer.Answers.AnswerAsync(query.Rows([], 10, isFresh: false), [], CancellationToken.None);
        return [.. answer.Found.Select(static found => found.PrimaryKey)];
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, IndexerPart indexer)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await isSo(); await Task.Delay(50))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, $"{indexer.Progress.Single()}");
        }
    }

    private Task StoreAsync(IObjectStore store, long batch, string id)
    {
        Assert.True(RowKey.TryCreate("events", "events", id, out var key));
        var value = new Document(Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","city":"Oslo","price":{{batch}}}"""));
        var segment = SegmentWriter.Write([new SegmentRow(key, new RowVersion(1, new Stamp(Log, batch), RowState.Present, value))]);
        return CreateAsync(store, new ManifestEntry(Log, ++_entries, ManifestKind.Segment, batch, batch, 1, [], "test", 1, segment.Length), segment);
    }

    private Task SealAsync(IObjectStore store, long last) => CreateAsync(store, new ManifestEntry(Log, ++_entries, ManifestKind.Seal, last, last, 1, [], "test", 0, 0), []);

    private static async Task CreateAsync(IObjectStore store, ManifestEntry entry, byte[] segment) =>
        Assert.Equal(CreateOutcome.Created, await store.CreateSettledAsync(ObjectNames.ManifestEntry(Log, entry.Number), ManifestCodec.Encode(entry, segment), CancellationToken.None));
}
