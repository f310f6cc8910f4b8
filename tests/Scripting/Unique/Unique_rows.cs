using System.Collections.Frozen;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Scripting.Tests.Unique;

/// <summary>What a transaction writes besides its rows, by the phase of the index and by whether the application declares it.</summary>
public class Unique_rows
{
    private static readonly IndexDeclaration ByName = new("byName", [new IndexColumn("name", IndexedKind.Text)], null, [], IsUnique: true);

    private static readonly TableSchema Declares = Table(new TableIndexes([ByName], [], null));
    private static readonly TableSchema KnowsNothing = Table(TableIndexes.None);

    [Theory]
    [InlineData(null, true, UniqueOutcome.NotReady, "")]
    [InlineData(null, false, UniqueOutcome.Held, "")]
    [InlineData(UniquePhase.Announced, true, UniqueOutcome.NotReady, "")]
    [InlineData(UniquePhase.Announced, false, UniqueOutcome.Held, "state")]
    [InlineData(UniquePhase.Building, true, UniqueOutcome.NotReady, "")]
    [InlineData(UniquePhase.Building, false, UniqueOutcome.NotReady, "")]
    [InlineData(UniquePhase.Ready, true, UniqueOutcome.Held, "holder Ann=a")]
    [InlineData(UniquePhase.Ready, false, UniqueOutcome.Held, "holder Ann=a")]
    [InlineData(UniquePhase.Ending, true, UniqueOutcome.NotReady, "")]
    [InlineData(UniquePhase.Ending, false, UniqueOutcome.NotReady, "")]
    public void Take_a_value(UniquePhase? phase, bool declares, UniqueOutcome outcome, string written)
    {
        var source = new Source(phase);
        Assert.Equal((outcome, written), Hold(source, declares, new ChangedRow("a", null, Row("Ann"))));

        // The same as a change of a row, and not if the value stays.
        Assert.Equal(outcome, Hold(source, declares, new ChangedRow("a", Row(null), Row("Ann"))).Outcome);
        Assert.Equal((UniqueOutcome.Held, ""), Hold(source, declares, new ChangedRow("a", Row("Ann"), Row("Ann", more: 1))));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData(UniquePhase.Announced, "")]
    [InlineData(UniquePhase.Building, "holder Ann=")]
    [InlineData(UniquePhase.Ready, "holder Ann=")]
    [InlineData(UniquePhase.Ending, "holder Ann=")]
    public void Give_a_value_up(UniquePhase? phase, string written)
    {
        foreach (var declares in new[] { true, false })
        {
            var source = new Source(phase);
            source.Rows[Holder("Ann")] = UniqueValue.HeldBy("a");
            Assert.Equal((UniqueOutcome.Held, written), Hold(source, declares, new ChangedRow("a", Row("Ann"), null)));
            Assert.Equal((UniqueOutcome.Held, written), Hold(source, declares, new ChangedRow("a", Row("Ann"), Row(null))));

            // The holder of a value that two rows had is the other one: it stays.
            Assert.Equal((UniqueOutcome.Held, ""), Hold(source, declares, new ChangedRow("b", Row("Ann"), null)));
        }
    }

    [Theory]
    [InlineData(null, UniqueOutcome.Held, "state")]
    [InlineData(UniquePhase.Announced, UniqueOutcome.Held, "state")]
    [InlineData(UniquePhase.Building, UniqueOutcome.NotReady, "")]
    [InlineData(UniquePhase.Ready, UniqueOutcome.Held, "holder Ann=a")]
    [InlineData(UniquePhase.Ending, UniqueOutcome.NotReady, "")]
    public void Take_a_value_as_seeds(UniquePhase? phase, UniqueOutcome outcome, string written) =>
        Assert.Equal((outcome, written), Hold(new Source(phase), true, new ChangedRow("a", null, Row("Ann")), isSeed: true));

    [Fact]
    public void Take_a_value_that_another_row_has()
    {
        foreach (var declares in new[] { true, false })
        {
            var source = new Source(UniquePhase.Ready);
            source.Rows[Holder("Ann")] = UniqueValue.HeldBy("b");
            var writes = new List<RowWrite>();
            Assert.Equal(UniqueOutcome.Violated, UniqueRows.Hold(source, "shop", declares ? Declares : KnowsNothing, [new ChangedRow("a", null, Row("Ann"))], writes, out _, out var told));
            Assert.Equal("table 'users' already has a row with name 'Ann' (unique index 'byName')", told);
        }
    }

    [Fact]
    public void Read_the_state_only_where_an_index_may_be_about_what_changes()
    {
        var unread = new Source(UniquePhase.Ready) { IsReadable = false };
        Assert.Equal(UniqueOutcome.Missing, Hold(unread, false, new ChangedRow("a", null, Row("Ann"))).Outcome);
        Assert.Equal(UniqueOutcome.Missing, Hold(unread with { Known = ["name"] }, false, new ChangedRow("a", Row("Ann"), Row("Bob"))).Outcome);
        Assert.Equal(UniqueOutcome.Held, Hold(unread with { Known = ["name"] }, false, new ChangedRow("a", Row("Ann"), Row("Ann", more: 1))).Outcome);
        Assert.Equal(UniqueOutcome.Held, Hold(unread with { Known = [] }, false, new ChangedRow("a", null, Row("Ann"))).Outcome);
        Assert.Equal(UniqueOutcome.Missing, Hold(unread with { Known = [] }, true, new ChangedRow("a", null, Row("Ann"))).Outcome);
        Assert.Equal(UniqueOutcome.Held, Hold(unread with { Known = [] }, true, new ChangedRow("a", Row("Ann"), Row("Ann", more: 1))).Outcome);
    }

    private static (UniqueOutcome Outcome, string Written) Hold(Source source, bool declares, ChangedRow row, bool isSeed = false)
    {
        var writes = new List<RowWrite>();
        var outcome = UniqueRows.Hold(source, "shop", declares ? Declares : KnowsNothing, [row], writes, out _, out var told, isSeed);
        Assert.Equal(outcome is UniqueOutcome.NotReady, told.Length > 0);
        return (outcome, string.Join(' ', writes.Select(write => UniqueState.TableOf(write.Key) is null ? $"holder Ann={UniqueValue.Holder(write.Value)}" : "state")));
    }

    private static RowKey Holder(string name) => UniqueValue.HolderOf("shop", "users", "byName", 1, [IndexValue.Of(name)]);

    private static Document Row(string? name, int more = 0) => Document.FromText(name is null ? $$"""{"id":"a","more":{{more}}}""" : $$"""{"id":"a","name":"{{name}}","more":{{more}}}""");

    private static TableSchema Table(TableIndexes indexes) =>
        new("users", "id", new[] { new Column("id", ColumnType.String), new Column("name", ColumnType.String), new Column("more", ColumnType.Integer) }.ToFrozenDictionary(column => column.Name), [], null) { Indexes = indexes };

    private sealed record Source : IRowSource
    {
        public Source(UniquePhase? phase)
        {
            var state = UniqueState.None.Announce(ByName);
            if (phase is { } entered)
            {
                Rows[UniqueState.KeyOf("shop", "users")] = state.Enter(state.Indexes[0], entered).ToDocument();
            }
        }

        public Dictionary<RowKey, Document> Rows { get; } = [];

        public bool IsReadable { get; init; } = true;

        /// <summary>What is known of other versions' indexes; null: nothing.</summary>
        public HashSet<string>? Known { get; init; }

        public bool TryRead(RowKey key, out Document? row)
        {
            row = Rows.GetValueOrDefault(key);
            return IsReadable;
        }

        public IReadOnlySet<string>? KeptColumns(string app, string table) => Known;
    }
}
