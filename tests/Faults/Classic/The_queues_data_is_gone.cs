using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>Everything is killed and RabbitMQ's data deleted: the cluster goes on from the store, with the last moments lost and nothing half there.</summary>
public sealed class The_queues_data_is_gone(ClassicCluster cluster, ITestOutputHelper output) : IClassFixture<ClassicCluster>
{
    [Fact]
    public async Task Money_is_unchanged_and_what_was_acknowledged_some_seconds_before_is_there()
    {
        var early = await LoadAsync("early", () => Task.CompletedTask);
        await Task.Delay(FaultLimits.StoredWithin);
        var late = await LoadAsync("late", async () =>
        {
            await cluster.KillAllAsync();
            Directory.Delete(Path.Combine(cluster.Data, "rabbitmq"), recursive: true);
            await cluster.StartAsync();
        });

        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        var there = await LedgerAudit.WithReceiptAsync(auditor, cluster.Proxy, late);
        output.WriteLine($"{early.Count} acknowledged early, all to be there; of {late.Count} around the loss {late.Count - there.Count} are lost");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, [.. early, .. there]);
    }

    private async Task<IReadOnlyCollection<Transfer>> LoadAsync(string name, Func<Task> underLoadAsync)
    {
        await cluster.SettledAsync();
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, FaultLimits.Seed, name);
        await clients.StartAsync();
        await clients.ReachAsync(FaultLimits.AroundAFault);
        await underLoadAsync();
        await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
        await clients.FinishAsync();
        Assert.Empty(clients.Wrong);
        return clients.Acknowledged;
    }
}
