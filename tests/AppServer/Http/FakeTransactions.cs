using System.Collections.Concurrent;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Transactions over a dictionary, one after another, whose handlers are given by the test: enough for the front, which sees only answers.</summary>
internal sealed class FakeTransactions : ITransactions, ITransactionRouter, IRowSource
{
    private readonly ConcurrentDictionary<RowKey, Document> _rows = new();
    private readonly Lock _lane = new();
    private event Action<IReadOnlyList<RowKey>>? Changed;

    public Func<TransactionCall, ValueTask<TransactionAnswer>> Run { get; set; } = static _ => new(Committed("null"));

    /// <summary>Value of a page's template for a user: by default the row of the template's first expression.</summary>
    public Func<Page, string?, RenderedTemplates?>? Render { get; set; }

    public ConcurrentQueue<TransactionCall> Calls { get; } = new();

    public int Renders;

    public ITransactions Any => this;

    public static TransactionAnswer Committed(string resultJson) => new()
    {
        Status = TransactionStatus.Committed,
        Result = System.Text.Encoding.UTF8.GetBytes(resultJson),
        Routed = true,
        Timing = new TransactionTiming(12, 0, 1500, 30, 2000, 1),
    };

    public ITransactions Route(TransactionCall call) => this;

    public ITransactions Beside(RowKey key) => this;

    public ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken)
    {
        Calls.Enqueue(call);
        return Run(call);
    }

    public ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Renders);
        return new(Render is null ? RenderRows(application, page) : Render(page, user));
    }

    public ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken)
    {
        List<RowWrite> writes = [];
        lock (_lane)
        {
            Assert.True(step(this, writes));
            foreach (var write in writes)
            {
                Set(write.Key, write.Value);
            }
        }

        Changed?.Invoke([.. writes.Select(write => write.Key)]);
        return new(TransactionStatus.Committed);
    }

    /// <summary>Why built-in steps are refused; null: they are not.</summary>
    public string? BuiltInRefusal { get; set; }

    public async ValueTask<(TransactionStatus Status, string? Refusal)> TryBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) =>
        BuiltInRefusal is null ? (await RunBuiltInAsync(step, cancellationToken), null) : (TransactionStatus.Unavailable, BuiltInRefusal);

    public ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken) => new(_rows.GetValueOrDefault(key));

    public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed)
    {
        Changed += changed;
        return new Subscription(() => Changed -= changed);
    }

    public bool TryRead(RowKey key, out Document? row)
    {
        _rows.TryGetValue(key, out row);
        return true;
    }

    /// <summary>Changes a row durably and tells.</summary>
    public void Write(RowKey key, string json)
    {
        Set(key, Document.FromText(json));
        Changed?.Invoke([key]);
    }

    private void Set(RowKey key, Document? value)
    {
        if (value is null)
        {
            _rows.TryRemove(key, out _);
        }
        else
        {
            _rows[key] = value;
        }
    }

    private RenderedTemplates RenderRows(Application application, Page page)
    {
        var keys = page.Templates.Select(template => TestApplication.Row(application.Name, template.Parts[0].Expression!)).ToList();
        return new RenderedTemplates([.. keys.Select(key => _rows.TryGetValue(key, out var row) ? row.ToString() : "")], keys, []);
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
