using System.Collections.Frozen;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Rows that operators bring are held to unique indexes as those of handlers are.</summary>
public class Imported_rows_of_unique_indexes
{
    private static readonly IndexDeclaration ByName = new("byName", [new IndexColumn("name", IndexedKind.Text)], null, [], IsUnique: true);

    private static readonly TableSchema Users = new(
        "users", "id", new[] { new Column("id", ColumnType.String), new Column("name", ColumnType.String) }.ToFrozenDictionary(column => column.Name), [], null)
    {
        Indexes = new TableIndexes([ByName], [], null),
    };

    [Fact]
    public void Get_holders_and_free_those_of_values_that_are_replaced()
    {
        var rows = Ready();
        Assert.Null(Import(rows, ExistingRows.Fail, ("a", "Ann"), ("b", "Bob")).Conflict);
        Assert.Null(Import(rows, ExistingRows.Replace, ("b", "Ben")).Conflict);
        Assert.Null(Import(rows, ExistingRows.Fail, ("c", "Bob")).Conflict);

        Assert.Equal(["Ann a", "Ben b", "Bob c"], new[] { "Ann", "Ben", "Bob" }.Select(name => $"{name} {UniqueValue.Holder(rows.Of(Holder(name)))}"));
    }

    [Fact]
    public void Are_refused_as_a_whole_when_another_row_has_a_value_or_two_of_them_want_it()
    {
        var rows = Ready();
        Import(rows, ExistingRows.Fail, ("a", "Ann"));
        var before = rows.All();

        foreach (var import in new[] { Import(rows, ExistingRows.Fail, ("b", "Bob"), ("c", "Ann")), Import(rows, ExistingRows.Keep, ("d", "Dan"), ("e", "Dan")) })
        {
            Assert.NotNull(import.Conflict);
            Assert.Contains("table 'users' already has a row with name '", import.Taken, StringComparison.Ordinal);
            Assert.Equal(before, rows.All());
        }
    }

    [Fact]
    public void Are_refused_while_the_index_is_being_made() =>
        Assert.Equal("the unique index 'byName' of table 'users' is being made from the rows that are there: try again soon", Import(new Rows(), ExistingRows.Fail, ("a", "Ann")).NotReady);

    private static Rows Ready()
    {
        var rows = new Rows();
        rows.Write(new RowWrite(UniqueState.KeyOf("shop", "users"), Kept(UniqueState.None.Declare(Users.Indexes)).ToDocument()));
        return rows;
    }

    private static UniqueState Kept(UniqueState declared) => declared.Ready(declared.Indexes[0], 0, []);

    private static RowKey Holder(string name) => UniqueValue.HolderOf("shop", "users", "byName", 1, [IndexValue.Of(name)]);

    private static RowImport Import(Rows rows, ExistingRows existing, params (string Id, string Name)[] users)
    {
        var import = new RowImport("shop", Users, [.. users.Select(user => new RowWrite(Key(user.Id), Document.FromText($$"""{"id":"{{user.Id}}","name":"{{user.Name}}"}""")))], existing);
        var writes = new List<RowWrite>();
        Assert.True(import.Run(rows, writes));
        writes.ForEach(rows.Write);
        return import;
    }

    private static RowKey Key(string id) => RowKey.TryCreate("shop", "users", id, out var key) ? key : throw new ArgumentException(id);

    private sealed class Rows : IRowSource
    {
        private readonly Dictionary<RowKey, Document> _rows = [];

        public bool TryRead(RowKey key, out Document? row)
        {
            row = Of(key);
            return true;
        }

        public Document? Of(RowKey key) => _rows.GetValueOrDefault(key);

        public List<string> All() => [.. _rows.Select(row => $"{row.Key} {row.Value}").Order(StringComparer.Ordinal)];

        public void Write(RowWrite write)
        {
            if (write.Value is null)
            {
                _rows.Remove(write.Key);
            }
            else
            {
                _rows[write.Key] = write.Value;
            }
        }
    }
}
