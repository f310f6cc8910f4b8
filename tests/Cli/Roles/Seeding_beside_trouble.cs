using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>A server that starts while its shard heals or its log is renewed waits, and does not end.</summary>
public sealed class Seeding_beside_trouble : ITransactions, ITransactionRouter
{
    private int _refused = 3;
    private int _reads;

    public ITransactions Any => this;

    [Fact]
    public async Task Rows_that_cannot_be_read_for_a_while_are_asked_for_again()
    {
        var bank = AppFolder.Load(Repository.Bank, Console.Error)!;
        Assert.True(await new Seeder(this, TimeProvider.System).IsDoneAsync(bank, CancellationToken.None));
        Assert.Equal(3 + bank.Seeds.Count, _reads);
    }

    public ITransactions Route(TransactionCall call) => this;

    public ITransactions Beside(RowKey key) => this;

    public ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken)
    {
        _reads++;
        return _refused-- > 0 ? throw new TimeoutException("The log is being renewed.") : new(Document.FromText("{\"rows\":1}"));
    }

    public ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed) => throw new NotSupportedException();
}
