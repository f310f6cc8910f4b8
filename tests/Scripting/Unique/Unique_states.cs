using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Scripting.Tests.Unique;

/// <summary>The row that says which unique indexes of a table are kept.</summary>
public class Unique_states
{
    private static readonly IndexDeclaration ByTitle = new("byTitle", [new IndexColumn("title", IndexedKind.Text), new IndexColumn("a,b:(c)/", IndexedKind.Number, Descending: true)], null, [], true);
    private static readonly IndexDeclaration ByOpen = new("byOpen", [new IndexColumn("open", IndexedKind.Boolean)], null, [], true);

    private static readonly HashSet<string> Nobody = [];

    [Fact]
    public void Are_read_as_they_were_written()
    {
        var state = UniqueState.None.Announce(ByTitle).Announce(ByOpen);
        state = state.Ready(state.Indexes[0], 2, ["one", "\"two\""]);
        state = state.Remove(state.Indexes[1]);

        var read = UniqueState.Of(Document.FromText(state.ToDocument().ToString()));

        Assert.Equal(state.ToDocument().ToString(), read.ToDocument().ToString());
        var index = Assert.Single(read.Indexes);
        Assert.Equal((UniqueIndexState.IdentityOf(ByTitle), 1, UniquePhase.Ready, 2), (index.Identity, index.Epoch, index.Phase, index.Duplicates));
        Assert.Equal(["one", "\"two\""], index.Told.AsEnumerable());
        Assert.Equal(["title", "a,b:(c)/"], index.Index.Columns.Select(column => column.Name));
        Assert.Equal([new UniqueRemains("byOpen", 2)], read.Removed.AsEnumerable());
        Assert.Equal(3, read.Next);
    }

    [Fact]
    public void Of_the_form_before_begin_again_under_other_epochs()
    {
        var state = UniqueState.Of(Document.FromText("""{"next":3,"indexes":{"byOpen":{"columns":["open"],"epoch":2,"ready":true,"duplicates":0}}}"""));

        Assert.Empty(state.Indexes);
        Assert.Equal([new UniqueRemains("byOpen", 2)], state.Removed.AsEnumerable());
        Assert.Equal(3, state.Announce(ByOpen).Indexes[0].Epoch);
    }

    [Theory]
    [InlineData("byTitle")]
    [InlineData("byTitle()")]
    [InlineData("byTitle(title)")]
    [InlineData("byTitle(title:x)")]
    [InlineData("(title:t)")]
    public void That_name_no_index_are_damage(string identity) => Assert.Throws<CorruptDataException>(() =>
        UniqueState.Of(Document.FromText($$"""{"turn":1,"next":2,"indexes":[{"index":"{{identity}}","epoch":1,"phase":"ready","duplicates":0,"told":[]}],"removed":[]}""")));

    [Fact]
    public void Call_an_index_another_one_if_name_columns_or_kinds_differ_but_not_if_the_order_does()
    {
        var descending = ByOpen with { Columns = [ByOpen.Columns[0] with { Descending = true }], Sums = ["x"] };
        Assert.Equal(UniqueIndexState.IdentityOf(ByOpen), UniqueIndexState.IdentityOf(descending));
        foreach (var other in new[] { ByOpen with { Name = "b" }, ByOpen with { Columns = [new IndexColumn("open", IndexedKind.Text)] }, ByOpen with { Columns = [.. ByOpen.Columns, .. ByTitle.Columns] } })
        {
            Assert.NotEqual(UniqueIndexState.IdentityOf(ByOpen), UniqueIndexState.IdentityOf(other));
        }
    }

    [Fact]
    public void Go_on_by_what_the_servers_of_a_cluster_declare()
    {
        var identity = UniqueIndexState.IdentityOf(ByOpen);
        HashSet<string> declared = [identity];
        var announced = UniqueState.None.Follow(declared, Nobody);
        Assert.Equal((UniquePhase.Announced, 1), (announced.Indexes[0].Phase, announced.Indexes[0].Epoch));
        Assert.Same(announced, announced.Follow(declared, Nobody));
        var building = announced.Follow(declared, declared);
        Assert.Equal(UniquePhase.Building, building.Indexes[0].Phase);
        Assert.Same(building, building.Follow(declared, Nobody));
        var ready = building.Ready(building.Indexes[0], 0, []);
        Assert.Same(ready, ready.Follow(declared, Nobody));

        // Looked twice before it is given up; who comes in between finds it whole.
        var ending = ready.Follow(Nobody, Nobody);
        Assert.Equal(UniquePhase.Ending, ending.Indexes[0].Phase);
        Assert.Equal((UniquePhase.Ready, 1), (ending.Follow(declared, Nobody).Indexes[0].Phase, ending.Follow(declared, declared).Indexes[0].Epoch));
        var removed = ending.Follow(Nobody, Nobody);
        Assert.Empty(removed.Indexes);
        Assert.Equal([new UniqueRemains("byOpen", 1)], removed.Removed.AsEnumerable());
        Assert.Equal(2, removed.Follow(declared, declared).Indexes[0].Epoch);

        // What nobody could take values of is given up at once.
        Assert.Empty(announced.Follow(Nobody, Nobody).Indexes);
        Assert.Empty(building.Follow(Nobody, Nobody).Indexes);

        // Each change is a turn: what was decided by one state is not done to another.
        long[] turns = [0, announced.Turn, building.Turn, ready.Turn, ending.Turn, removed.Turn, removed.Swept(removed.Removed[0]).Turn];
        Assert.Equal(turns.Order().Distinct(), turns);
    }

    [Fact]
    public void Name_their_table_and_holders_do_not()
    {
        Assert.Equal("events", UniqueState.TableOf(UniqueState.KeyOf("shop", "events")));
        Assert.Null(UniqueState.TableOf(UniqueValue.HolderOf("shop", "events", "byOpen", 1, [IndexValue.Of(true)])));
        Assert.True(RowKey.TryCreate("shop", "events", "x", out var row));
        Assert.Null(UniqueState.TableOf(row));
    }
}
