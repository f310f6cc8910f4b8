using System.Globalization;

namespace Mjolnir.Storage.Objects;

/// <summary>The names of all objects in the store. Numbers are padded, so that the store's ordinal order is theirs.</summary>
public static class ObjectNames
{
    /// <summary>Prefix of all views with their marks.</summary>
    public const string Views = "registry/views/";

    /// <summary>Prefix of all registered logs.</summary>
    public const string Logs = "registry/logs/";

    /// <summary>Prefix of the run chain's entries: ten digits keep the first a zero, which leaves out <c>runs/data/</c>.</summary>
    public const string RunChain = "runs/0";

    /// <summary>Prefix of the runs themselves.</summary>
    public const string RunObjects = "runs/data/";

    private const string Json = ".json";
    private const string Active = ".active";
    private const string Gzip = ".gz";

    /// <summary>A view.</summary>
    public static string View(long number) => Numbered(Views, number, Json);

    /// <summary>The claim to open a view, made by one process only (V8).</summary>
    public static string ViewOpening(long number) => Numbered(Views, number, ".open");

    /// <summary>The mark that a view's shards are flushed and labelled.</summary>
    public static string ViewActive(long number) => Numbered(Views, number, Active);

    /// <summary>A log's registration.</summary>
    public static string Log(string log) => $"{Logs}{log}{Json}";

    /// <summary>What the server of a log declares: absent where that is nothing.</summary>
    public static string LogDeclarations(string log) => $"registry/declared/{log}{Json}";

    /// <summary>Prefix of a log's manifest.</summary>
    public static string Manifest(string log) => $"logs/{log}/entries/";

    /// <summary>An entry of a log's manifest, with its segment.</summary>
    public static string ManifestEntry(string log, long number) => Numbered(Manifest(log), number, Gzip);

    /// <summary>An entry of the run chain.</summary>
    public static string RunChainEntry(long number) => Numbered("runs/", number, Json);

    /// <summary>A run; the writer's id keeps the names of two compactors apart that try for the same number.</summary>
    public static string Run(long made, int level, int firstSlot, int lastSlot, string writer) =>
        string.Create(CultureInfo.InvariantCulture, $"{RunObjects}{made:D10}-{level}-{firstSlot:D4}-{lastSlot:D4}-{writer}.gz");

    /// <summary>The number in the name of a view or chain entry; null for a name of another kind.</summary>
    public static long? NumberOf(string name) => NumberOf(name, Json);

    /// <summary>The number in the name of a manifest entry; null for a name of another kind.</summary>
    public static long? EntryNumberOf(string name) => NumberOf(name, Gzip);

    /// <summary>The number in the name of the mark that a view is active; null for a name of another kind.</summary>
    public static long? ActiveNumberOf(string name) => NumberOf(name, Active);

    /// <summary>The log in the name of a registration.</summary>
    public static string LogOf(string name) => name[Logs.Length..^Json.Length];

    private static long? NumberOf(string name, string suffix)
    {
        var file = name.AsSpan(name.LastIndexOf('/') + 1);
        return file.EndsWith(suffix) && long.TryParse(file[..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static string Numbered(string prefix, long number, string suffix) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:D10}{suffix}");
}
