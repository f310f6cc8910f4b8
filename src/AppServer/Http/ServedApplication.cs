using System.Collections.Frozen;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Http.Files;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http;

/// <summary>One version of the application, made ready to be served: who may call what, and every file in the form in which it travels. Immutable.</summary>
internal sealed class ServedApplication
{
    private const string Index = "index.html";

    private readonly FrozenDictionary<string, CallableHandler>.AlternateLookup<ReadOnlySpan<char>> _handlers;
    private readonly FrozenDictionary<string, Page>.AlternateLookup<ReadOnlySpan<char>> _pages;
    private readonly FrozenDictionary<string, ServedFile>.AlternateLookup<ReadOnlySpan<char>> _files;

    public ServedApplication(Application application)
    {
        Application = application;
        _handlers = application.Handlers.ToFrozenDictionary(entry => entry.Key, entry => new CallableHandler(entry.Value, application), StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _pages = WithFolders(application.Pages).GetAlternateLookup<ReadOnlySpan<char>>();
        Files = [.. application.Assets.Values.Select(ServedFile.Of), .. application.Pages.Values.Where(IsPlain).Select(ServedFile.Of)];
        _files = WithFolders(Files.ToDictionary(file => file.Path, StringComparer.Ordinal)).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public Application Application { get; }

    /// <summary>Assets and the pages that are the same for everybody.</summary>
    public IReadOnlyList<ServedFile> Files { get; }

    public CallableHandler? Handler(ReadOnlySpan<char> name) => _handlers.TryGetValue(name, out var handler) ? handler : null;

    /// <summary>A page by its path, or by its folder's if it is an index.</summary>
    public Page? Page(ReadOnlySpan<char> path) => _pages.TryGetValue(path, out var page) ? page : null;

    /// <summary>A file by its path, or by its folder's if it is an index; null also for pages with templates.</summary>
    public ServedFile? File(ReadOnlySpan<char> path) => _files.TryGetValue(path, out var file) ? file : null;

    private static bool IsPlain(Page page) => page.Slots.Count == 0;

    private static FrozenDictionary<string, T> WithFolders<T>(IReadOnlyDictionary<string, T> byPath)
    {
        var folders = byPath.Where(entry => entry.Key.EndsWith("/" + Index, StringComparison.Ordinal))
            .Select(entry => KeyValuePair.Create(entry.Key[..^Index.Length], entry.Value));
        return byPath.Concat(folders).ToFrozenDictionary(StringComparer.Ordinal);
    }
}
