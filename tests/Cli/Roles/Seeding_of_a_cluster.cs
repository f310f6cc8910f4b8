using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Roles;
using Mjolnir.Cli.Tests.Indexes;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>One server of a cluster seeds an application, and another one when that is taken for dead.</summary>
public sealed class Seeding_of_a_cluster : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly IndexedApplication _application;

    public Seeding_of_a_cluster() => _application = new IndexedApplication(_folder, stacks: 1);

    public async Task InitializeAsync()
    {
        _folder.Write("app/events.json", """[{"id": "a", "price": 1}, {"id": "b", "price": 2}]""");
        await _application.StartAsync("""{"byPrice": ["price"]}, "seed": "events.json" """);
    }

    public async Task DisposeAsync()
    {
        await _application.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Brings_nothing_back_that_was_removed_since_another_one_has_done_it()
    {
        var (app, router) = (_application.Application, (ITransactionRouter)_application.Stack.Router);
        await new Seeder(router, TimeProvider.System).RunAsync(app, new Progress<Seeder.Step>(), CancellationToken.None);
        await router.Any.RunBuiltInAsync(static (_, writes) => Write(writes, new RowWrite(Key("events", "a"), null)), CancellationToken.None);

        // It looked before the other one was done, and only now goes on.
        await new Seeder(new HeldRouter(router, static () => { }), TimeProvider.System).RunAsync(app, new Progress<Seeder.Step>(), CancellationToken.None);

        Assert.Null(await router.Any.ReadAsync(Key("events", "a"), CancellationToken.None));
        Assert.NotNull(await router.Any.ReadAsync(Key("events", "b"), CancellationToken.None));
    }

    [Fact]
    public async Task Is_left_when_the_task_is_lost_and_taken_up_again()
    {
        var leadership = new InProcessLeadership();
        var lost = 0;
        var router = new HeldRouter(_application.Stack.Router, () =>
        {
            if (lost++ == 0)
            {
                leadership.Revoke("seed");
            }
        });

        await ClusterSeeding.RunAsync(leadership, TimeProvider.System, new Seeder(router, TimeProvider.System), _application.Application, NullLogger.Instance, CancellationToken.None);

        Assert.True(lost > 1);
        Assert.NotNull(await router.Any.ReadAsync(Key("events", "a"), CancellationToken.None));
        Assert.NotNull(await router.Any.ReadAsync(Key("_seed", "events"), CancellationToken.None));
    }

    private static bool Write(List<RowWrite> writes, RowWrite write)
    {
        writes.Add(write);
        return true;
    }

    private static RowKey Key(string table, string id) => RowKey.TryCreate("events", table, id, out var key) ? key : throw new ArgumentException(id);

    /// <summary>Says of the mark, at the first look of a seeding, that it is not there.</summary>
    private sealed class HeldRouter(ITransactionRouter inner, Action looked) : ITransactionRouter
    {
        public ITransactions Any => inner.Any;

        public ITransactions Route(TransactionCall call) => inner.Route(call);

        public ITransactions Beside(RowKey key) => new Held(inner.Beside(key), looked);
    }

    private sealed class Held(ITransactions inner, Action looked) : ITransactions
    {
        public ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken) => inner.RunAsync(call, cancellationToken);

        public ValueTask<RenderedTemplates?> RenderAsync(Application application, Scripting.Pages.Page page, string? user, CancellationToken cancellationToken) => inner.RenderAsync(application, page, user, cancellationToken);

        public async ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken)
        {
            looked();
            cancellationToken.ThrowIfCancellationRequested();
            return await inner.RunBuiltInAsync(step, cancellationToken);
        }

        public ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken) => key.Table == "_seed" ? new((Document?)null) : inner.ReadAsync(key, cancellationToken);

        public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed) => inner.OnChanged(changed);
    }
}
