using Mjolnir.Core;
using Mjolnir.Core.Keys;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// Rows that cannot be read because a piece of an object is damaged. Nobody can tell whether the piece held the newest version of a key, so every key that it may have held is withheld: what other objects have of it may be
/// an older version, and is not believed.
/// </summary>
/// <param name="Object">the object</param>
/// <param name="First">the first key that the piece may hold; null: any</param>
/// <param name="Last">the last key that it may hold; null: any</param>
/// <param name="Behind">the first key behind the piece, which is whole; null: none, or not known</param>
/// <param name="FirstSlot">first slot of the keys in the object</param>
/// <param name="LastSlot">last slot, included</param>
/// <param name="Fault">what is wrong, with object and offset</param>
public sealed record DamagedRows(string Object, RowKey? First, RowKey? Last, RowKey? Behind, int FirstSlot, int LastSlot, CorruptDataException Fault)
{
    /// <summary>Which rows, for an operator: <c>rows bank/users/alice to bank/users/bob</c>.</summary>
    public string Words => (First, Last, Behind) switch
    {
        (null, _, _) => $"every row of slots {FirstSlot} to {LastSlot} that {Object} may hold",
        (_, { } last, _) => $"rows {First} to {last}",
        (_, _, { } behind) => $"rows from {First} to before {behind}",
        _ => $"rows from {First} on",
    };

    /// <summary>True if the piece may hold this key.</summary>
    public bool MayHold(RowKey key)
    {
        if ((First is { } first && key.CompareTo(first) < 0) || (Last is { } last && key.CompareTo(last) > 0) || (Behind is { } behind && key.CompareTo(behind) >= 0))
        {
            return false;
        }

        var slot = Slots.Of(key);
        return slot >= FirstSlot && slot <= LastSlot;
    }

    /// <summary>True if a key of these slots may be among them.</summary>
    public bool Touches(int firstSlot, int lastSlot) => firstSlot <= LastSlot && lastSlot >= FirstSlot;

    /// <summary>An object whose index is damaged.</summary>
    internal static DamagedRows Of(StoredObject stored, CorruptDataException fault) => new(stored.Name, null, null, null, stored.FirstSlot, stored.LastSlot, fault);
}
