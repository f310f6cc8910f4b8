using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// A row as a handler sees it: an ordinary object whose assignments are checked against the columns at once, so that an error points at
/// the line that made it. Whether anything changed is found at the end of the run, by comparing with what was read.
/// </summary>
internal sealed class RowObject : JsObject
{
    private readonly TableSchema _table;
    private readonly RowStore _store;

    public RowObject(Realm realm, RowStore store, TableSchema table, Slot[] columns)
        : base(realm, realm.Intrinsics.ObjectPrototype, columns)
    {
        _store = store;
        _table = table;
    }

    /// <summary>Columns as they are now, in storage order; nested values nobody looked at are still <see cref="NestedJson"/>.</summary>
    public ReadOnlySpan<Slot> Columns => Slots;

    /// <summary>True once the row was removed: what a handler still does to the object has no effect.</summary>
    public bool Detached { get; set; }

    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (!base.TryGetOwn(key, out slot))
        {
            return false;
        }

        if (slot.Value.Reference is NestedJson nested)
        {
            slot.Value = JsonReader.Read(Realm, nested.Text);
            Replace(key, slot.Value);
        }

        return true;
    }

    public override void Put(string key, JsValue value, bool strict) => base.Put(key, Check(key, value), strict: true);

    /// <summary>The columns are as they were.</summary>
    public void Restore(Slot[] before)
    {
        foreach (var name in OwnKeys().Where(name => !Array.Exists(before, slot => slot.Key == name)))
        {
            base.Delete(name, strict: true);
        }

        foreach (var slot in before)
        {
            base.Put(slot.Key, slot.Value, strict: true);
        }
    }

    public override bool Delete(string key, bool strict)
    {
        _store.RequireWritable();
        return key == _table.Key ? throw Realm.Abort($"{_table.Name}.{key} is the key and cannot be deleted") : base.Delete(key, strict);
    }

    public override void Define(string key, Descriptor descriptor) =>
        throw Realm.NotSupported("Object.defineProperty on a row; assign the column instead");

    public override void Restrict(Attributes remove) => throw Realm.NotSupported("freezing or sealing a row");

    private JsValue Check(string key, JsValue value)
    {
        _store.RequireWritable();
        var stored = ColumnRules.Require(Realm, _table, key, value);
        if (key == _table.Key && TryGetOwn(key, out var old) && !Operators.StrictEquals(old.Value, stored))
        {
            throw Realm.Abort($"{_table.Name}.{key} is the key and cannot change from {ColumnRules.Show(old.Value)} to {ColumnRules.Show(stored)}");
        }

        return stored;
    }
}
