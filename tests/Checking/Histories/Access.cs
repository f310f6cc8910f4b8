using System.Globalization;

namespace Mjolnir.Checking.Histories;

/// <summary>What one access did to its key.</summary>
public enum AccessKind : byte
{
    /// <summary>Put <see cref="Access.Value"/> at the end of a list. A value is appended to a key at most once in a history.</summary>
    Append = 1,

    /// <summary>Read a list whole.</summary>
    ReadList = 2,

    /// <summary>Made <see cref="Access.Version"/> of a register, holding <see cref="Access.Value"/>.</summary>
    Write = 3,

    /// <summary>Read a register: its version and its value.</summary>
    Read = 4,
}

/// <summary>
/// One read or write of one key. A key is a list or a register, the same all over a history. A register's versions are the application's own (a column that every handler raises by one): a row's version in
/// the protocol counts batches, not transactions. Version 0 is the register before its first write, and so is the empty list.
/// </summary>
public readonly record struct Access
{
    /// <summary>The version that a write made is not known: it was never answered.</summary>
    public const long UnknownVersion = -1;

    private Access(AccessKind kind, string key, long version, long value, ReadOnlyMemory<long> list) =>
        (Kind, Key, Version, Value, List) = (kind, key, version, value, list);

    public AccessKind Kind { get; }

    public string Key { get; }

    /// <summary>Of a register; or <see cref="UnknownVersion"/>. 0 for lists.</summary>
    public long Version { get; }

    /// <summary>What was appended, written or read.</summary>
    public long Value { get; }

    /// <summary>What a list held when it was read.</summary>
    public ReadOnlyMemory<long> List { get; }

    public bool IsWrite => Kind is AccessKind.Append or AccessKind.Write;

    public bool IsOfList => Kind is AccessKind.Append or AccessKind.ReadList;

    public static Access Append(string key, long value) => new(AccessKind.Append, key, 0, value, default);

    /// <param name="key">the list</param>
    /// <param name="list">all it held, in order; not copied</param>
    public static Access ReadList(string key, params long[] list) => new(AccessKind.ReadList, key, 0, 0, list);

    public static Access Write(string key, long version, long value) => new(AccessKind.Write, key, version, value, default);

    /// <summary>A write that was asked for and not answered.</summary>
    public static Access WriteOfUnknownVersion(string key) => new(AccessKind.Write, key, UnknownVersion, 0, default);

    public static Access Read(string key, long version, long value) => new(AccessKind.Read, key, version, value, default);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        AccessKind.Append => string.Create(CultureInfo.InvariantCulture, $"append {Value} to {Key}"),
        AccessKind.ReadList => $"read {Key} = {Text(List.Span)}",
        AccessKind.Write when Version == UnknownVersion => $"write {Key}",
        AccessKind.Write => string.Create(CultureInfo.InvariantCulture, $"write {Key} v{Version} = {Value}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"read {Key} v{Version} = {Value}"),
    };

    /// <summary>A list, shortened to its end where it is long.</summary>
    private static string Text(ReadOnlySpan<long> list)
    {
        const int Shown = 12;
        var end = list.Length <= Shown ? list : list[^Shown..];
        var values = string.Join(", ", end.ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)));
        return list.Length <= Shown ? $"[{values}]" : string.Create(CultureInfo.InvariantCulture, $"[… {list.Length - Shown} more, {values}]");
    }
}
