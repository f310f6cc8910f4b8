using System.Net;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A cluster with as little memory as there can be.</summary>
public sealed class TinyCluster : ClassicCluster
{
    protected override IReadOnlyList<string> More => [.. base.More, "--memcached-memory", "16"];
}

/// <summary>Objects that are too large, and memcacheds that are full: who asks is told, nothing that was acknowledged is lost, money stays what it is, and one more V-stack makes room.</summary>
public sealed class A_cache_is_full(TinyCluster cluster, ITestOutputHelper output) : FaultsUnderLoad(cluster, output), IClassFixture<TinyCluster>
{
    [Fact]
    public async Task An_object_over_the_limit_is_refused_with_its_name_and_nothing_happens()
    {
        await Cluster.SettledAsync();
        var writer = await SignedInAsync("writer");
        foreach (var server in new[] { Cluster.Proxy, Cluster.Server(1), Cluster.Server(2) })
        {
            var name = $"large-{Guid.NewGuid():N}";
            var (status, body) = await NoteAsync(writer, server, name, 3 << 20);
            Assert.InRange((int)status, 400, 503);
            Assert.Contains("large", body, StringComparison.Ordinal);
            Assert.Equal("[null]", (await writer.ResultAsync(server, "lengths", $$"""{"args":[["{{name}}"]]}""")).GetRawText());
        }

        await AuditAsync();
    }

    [Fact]
    public async Task Growth_is_refused_before_anything_is_lost_and_another_V_stack_makes_room()
    {
        await Cluster.SettledAsync();
        var writer = await SignedInAsync("filler");
        var (kept, refusal) = await FillAsync(writer);
        Assert.InRange(kept.Count, 100, int.MaxValue);
        Assert.Contains("no room", refusal, StringComparison.Ordinal);
        Output.WriteLine($"{kept.Count} notes of {NoteBytes} bytes fit; then: {refusal}");
        await RequireKeptAsync(writer, kept);
        await AuditAsync();

        await Cluster.ScaleAsync(3);
        await UnderAsync("room for more", _ => Task.CompletedTask);
        await RequireKeptAsync(writer, kept);
    }

    private const int NoteBytes = 8_000;

    /// <summary>Writes notes until one is refused for room.</summary>
    private async Task<(List<string> Kept, string Refusal)> FillAsync(Ledger writer)
    {
        var kept = new List<string>();
        using var patience = new CancellationTokenSource(FaultLimits.ClusterStart);
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            var names = Enumerable.Range(0, FaultLimits.Clients).Select(_ => $"note-{Guid.NewGuid():N}").ToArray();
            var answers = await Task.WhenAll(names.Select(name => NoteAsync(writer, Cluster.Proxy, name, NoteBytes)));
            kept.AddRange(names.Where((_, i) => answers[i].Status == HttpStatusCode.OK));
            if (answers.FirstOrDefault(answer => answer.Body.Contains("room", StringComparison.Ordinal)) is { Body: { } body })
            {
                return (kept, body);
            }

            Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{answer.Status} {answer.Body}"));
        }
    }

    private static async Task RequireKeptAsync(Ledger reader, Uri server, string[] names) =>
        Assert.All((await reader.ResultAsync(server, "lengths", $$"""{"args":[["{{string.Join("\",\"", names)}}"]]}""")).EnumerateArray(), length => Assert.Equal(NoteBytes, length.GetInt32()));

    private async Task RequireKeptAsync(Ledger reader, List<string> kept)
    {
        foreach (var names in kept.Chunk(20))
        {
            await RequireKeptAsync(reader, Cluster.Proxy, names);
        }
    }

    private static Task<(HttpStatusCode Status, string Body)> NoteAsync(Ledger writer, Uri server, string name, int bytes)
    {
        const string Text = "0123456789";
        return writer.CallAsync(server, "note", $$"""{"id":"{{name}}","args":["{{name}}","{{Text}}",{{bytes / Text.Length}}]}""", CancellationToken.None);
    }

    private async Task<Ledger> SignedInAsync(string name)
    {
        var user = new Ledger(Cluster.Http);
        await user.SignInAsync(Cluster.Proxy, name);
        return user;
    }
}
