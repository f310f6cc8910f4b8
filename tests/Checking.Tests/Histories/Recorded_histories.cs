using Mjolnir.Checking.Histories;
using static Mjolnir.Checking.Histories.Access;

namespace Mjolnir.Checking.Tests.Histories;

public class Recorded_histories
{
    private long _tick;

    [Fact]
    public async Task Of_many_threads_hold_every_operation_once()
    {
        const int Clients = 8;
        const int Each = 2_000;
        var recorder = new HistoryRecorder(() => Interlocked.Increment(ref _tick));

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() =>
        {
            for (var n = 0; n < Each; n++)
            {
                recorder.Begin(client, $"{client}-{n}", Append("x", (client * Each) + n)).Commit(Append("x", (client * Each) + n));
            }
        })));

        var history = recorder.ToHistory();
        Assert.Equal(Clients * Each, history.Operations.Select(operation => operation.Id).Distinct().Count());
        Assert.All(history.Operations, operation => Assert.True(operation.Start < operation.End));
    }

    [Fact]
    public void What_was_not_answered_is_unknown_with_the_writes_asked_for()
    {
        var recorder = new HistoryRecorder(() => ++_tick);
        recorder.Begin(1, "a", Append("x", 1));
        recorder.Begin(2, "b", Append("x", 2)).Refuse();

        var history = recorder.ToHistory();

        Assert.Equal((Outcome.Unknown, Append("x", 1)), (history.Operations[0].Outcome, history.Operations[0].Accesses.Single()));
        Assert.Equal(1, history.Count(Outcome.Refused));
    }

    [Fact]
    public void An_operation_ends_once()
    {
        var operation = new HistoryRecorder(() => ++_tick).Begin(1, "a");
        operation.Commit();

        Assert.Throws<InvalidOperationException>(operation.Refuse);
    }

    [Fact]
    public void Are_loaded_as_they_were_saved()
    {
        var history = new History(
        [
            Written.Committed("a\"b", 1, 5, ReadList("x"), ReadList("x", 1, 2), Append("y", long.MaxValue), Read("r", 3, -7), Write("r", 4, 9)),
            Written.Unknown("u", 2, WriteOfUnknownVersion("r")),
            Written.Refused("v", 2, 3),
        ]);
        using var file = new MemoryStream();
        HistoryFile.Save(history, file);
        file.Position = 0;

        var loaded = HistoryFile.Load(file);

        Assert.Equal(history.Operations.Select(Everything), loaded.Operations.Select(Everything));
        Assert.Equal(3, file.ToArray().Count(letter => letter == '\n'));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("nothing")]
    [InlineData("""{"client":0,"id":"a","start":1,"end":2,"outcome":"perhaps","accesses":[]}""")]
    [InlineData("""{"client":0,"id":"a","start":1,"end":2,"outcome":"committed","accesses":[["append","x"]]}""")]
    [InlineData("""{"client":0,"id":"a","start":1,"end":2,"outcome":"committed","accesses":[["swap","x",1]]}""")]
    public void Say_which_line_is_damaged(string line)
    {
        using var file = new MemoryStream();
        HistoryFile.Save(new History([Written.Committed("a", 1, 2)]), file);
        file.Write(System.Text.Encoding.UTF8.GetBytes(line));
        file.Position = 0;

        Assert.Contains("Line 2", Assert.Throws<FormatException>(() => HistoryFile.Load(file)).Message);
    }

    private static (int, long, long, string) Everything(Operation operation) => (operation.Client, operation.Start, operation.End, operation.ToString());
}
