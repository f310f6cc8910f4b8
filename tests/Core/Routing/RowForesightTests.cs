using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;

namespace Mjolnir.Core.Tests.Routing;

public sealed class RowForesightTests
{
    [Fact]
    public void Nothing_learned_foresees_nothing() => Assert.Empty(Foresee(new RowForesight(), Call("alice", """["a"]""")));

    [Fact]
    public void Each_part_of_a_call_names_the_table_whose_row_was_read_by_it()
    {
        var foresight = Learned(i => (Call($"user{i}", $"""["order{i}",5]"""), [Row("users", $"user{i}"), Row("orders", $"order{i}")]));

        Assert.Equal([Row("users", "eve"), Row("orders", "x")], Foresee(foresight, Call("eve", """["x",7]""")));
    }

    [Fact]
    public void One_part_may_name_rows_of_two_tables_and_each_row_is_named_once()
    {
        var foresight = Learned(i => (Call("teller", $"""["a{i}","b{i}"]"""), [Row("users", $"a{i}"), Row("users", $"b{i}"), Row("limits", $"a{i}")]));

        Assert.Equal([Row("limits", "x"), Row("users", "x"), Row("users", "y")], Foresee(foresight, Call("teller", """["x","y"]""")).Order());
        Assert.Equal([Row("limits", "x"), Row("users", "x")], Foresee(foresight, Call("teller", """["x","x"]""")).Order());
    }

    [Fact]
    public void A_row_read_by_two_calls_of_three_is_not_foreseen()
    {
        var foresight = Learned(i => (Call("teller", $"""["a{i}","b{i}"]"""), i % 3 == 0 ? [Row("users", $"a{i}")] : [Row("users", $"a{i}"), Row("users", $"b{i}")]));

        Assert.Equal([Row("users", "x")], Foresee(foresight, Call("teller", """["x","y"]""")));
    }

    [Fact]
    public void Habits_that_change_are_learned_anew()
    {
        var foresight = Learned(i => (Call("teller", $"""["a{i}","b{i}"]"""), [Row("users", $"a{i}")]));
        for (var i = 0; i < 40; i++)
        {
            foresight.Learn("send", Call("teller", $"""["a{i}","b{i}"]"""), [Row("users", $"b{i}")]);
        }

        Assert.Equal([Row("users", "y")], Foresee(foresight, Call("teller", """["x","y"]""")));
    }

    [Fact]
    public void What_cannot_be_a_key_is_left_out()
    {
        var foresight = Learned(i => (Call("teller", $"""["a{i}"]"""), [Row("users", $"a{i}")]));

        Assert.Empty(Foresee(foresight, Call("teller", """[""]""")));
        Assert.Empty(Foresee(foresight, Call("teller", $"""["{new string('%', RoutingLimits.ValueLength)}"]""")));
        Assert.Empty(Foresee(foresight, Call("teller", """[{"a":1}]""")));
    }

    [Fact]
    public void No_more_rows_than_the_limit_are_foreseen()
    {
        var tables = Enumerable.Range(0, 2 * RoutingLimits.Tables).Select(i => $"t{i}").ToArray();
        var foresight = Learned(i => (Call("teller", $"""["a{i}","b{i}"]"""), [.. tables.Select(table => Row(table, $"a{i}")), .. tables.Select(table => Row(table, $"b{i}"))]));

        Assert.Equal(RoutingLimits.Foreseen, Foresee(foresight, Call("teller", """["x","y"]""")).Count);
    }

    private static RowForesight Learned(Func<int, (CallParts Parts, RowKey[] Read)> lesson)
    {
        var foresight = new RowForesight();
        for (var i = 0; i < 60; i++)
        {
            var (parts, read) = lesson(i);
            foresight.Learn("send", parts, read);
        }

        return foresight;
    }

    private static List<RowKey> Foresee(RowForesight foresight, CallParts parts)
    {
        var rows = new List<RowKey>();
        foresight.Foresee("send", "bank", parts, rows);
        return rows;
    }

    private static CallParts Call(string user, string args) => new(user, Encoding.UTF8.GetBytes(args), default);

    private static RowKey Row(string table, string name) => RowKey.TryCreate("bank", table, name, out var key) ? key : throw new InvalidOperationException();
}
