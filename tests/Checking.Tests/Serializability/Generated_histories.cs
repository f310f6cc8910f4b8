using Mjolnir.Checking.Histories;
using Mjolnir.Checking.Serializability;
using Mjolnir.Checking.Tests.Generated;
using Xunit.Abstractions;

namespace Mjolnir.Checking.Tests.Serializability;

/// <summary>Many generated histories: the valid ones pass, and each that was broken in a way that changes what it says is caught.</summary>
public class Generated_histories(ITestOutputHelper output)
{
    private const int Seeds = 300;

    private static readonly HistoryShape[] Shapes =
    [
        new(80),
        new(80, Lists: 1, Registers: 1, LongestList: 100, Overlap: 20),
        new(80, Lists: 8, Registers: 2, LongestList: 6, Overlap: 2, UnknownPercent: 20),
        new(80, Lists: 2, Registers: 8, Overlap: 40, UnknownPercent: 10),
    ];

    [Fact]
    public void Pass_as_they_were_made()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            StrictSerializability.Check(Made(seed)).RequireNone($"seed {seed}");
        }
    }

    [Fact]
    public void Are_caught_when_an_acknowledged_write_is_lost() => Caught(mutation => mutation.LosesAnAcknowledgedWrite());

    [Fact]
    public void Are_caught_when_an_operation_is_torn() => Caught(mutation => mutation.TearsAnOperation());

    [Fact]
    public void Are_caught_when_a_read_is_stale() => Caught(mutation => mutation.ReadsWhatIsStale());

    [Fact]
    public void Are_caught_when_an_append_is_there_twice() => Caught(mutation => mutation.DuplicatesAnAppend());

    [Fact]
    public void Are_caught_when_two_appends_change_places() => Caught(mutation => mutation.ReordersTwoAppends());

    [Fact]
    public void Are_caught_when_an_update_is_lost() => Caught(mutation => mutation.LosesAnUpdate());

    [Fact]
    public void Are_caught_when_what_was_refused_is_seen() => Caught(mutation => mutation.ShowsWhatWasRefused());

    private static History Made(int seed) => SerialHistory.Of(Shapes[seed % Shapes.Length], seed);

    private void Caught(Func<Mutation, History?> break_)
    {
        var kinds = new List<string>();
        var broken = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            if (break_(new Mutation(Made(seed), new Random(seed))) is not { } history)
            {
                continue;
            }

            broken++;
            var found = StrictSerializability.Check(history);
            Assert.True(found.Count > 0, $"seed {seed} is broken and was not caught:\n{string.Join('\n', history.Operations)}");
            kinds.Add(found[0].Kind);
        }

        output.WriteLine($"{broken} broken, first found: {string.Join(", ", kinds.CountBy(kind => kind).OrderByDescending(kind => kind.Value).Select(kind => $"{kind.Key} {kind.Value}"))}");
        Assert.InRange(broken, Seeds / 2, Seeds);
    }
}
