using System.Collections.Frozen;
using System.Runtime.ExceptionServices;
using Mjolnir.Scripting.Pages;
using Mjolnir.Scripting.Pages.Analysis;

namespace Mjolnir.Scripting.Applications;

/// <summary>What loading gave: an application, or the mistakes that stand in its way (all of them).</summary>
/// <param name="Application">null if there are mistakes</param>
/// <param name="Diagnostics">every mistake, in file order</param>
public sealed record LoadResult(Application? Application, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Reads an application's folder, once, into an immutable snapshot. No script is run.</summary>
public static class ApplicationLoader
{
    /// <summary>Loads the application in a folder. Whatever its files hold, the outcome is an application or diagnostics, never an exception.</summary>
    /// <param name="folder">the folder that holds <c>mjolnir.json</c></param>
    public static LoadResult Load(string folder)
    {
        LoadResult? result = null;
        ExceptionDispatchInfo? fault = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = LoadHere(folder);
                }
                catch (Exception e)
                {
                    fault = ExceptionDispatchInfo.Capture(e); // our own mistake: thrown to the caller instead of ending the process
                }
            },
            ApplicationLimits.LoaderStackBytes)
        { IsBackground = true, Name = "application loader" };
        thread.Start();
        thread.Join();
        fault?.Throw();
        return result!;
    }

    private static LoadResult LoadHere(string folder)
    {
        var diagnostics = new DiagnosticList();

        // 1. The files, once.
        var files = ApplicationFolder.Read(folder, diagnostics);
        if (!files.TryGetValue(ApplicationFolder.ManifestName, out var manifestFile))
        {
            diagnostics.Add(
                new SourcePosition(ApplicationFolder.ManifestName, 1, 1),
                "there is no mjolnir.json in this folder",
                "Create it: {\"name\": \"my-app\", \"tables\": {}}.");
            return new LoadResult(null, diagnostics.Sorted());
        }

        // 2. What it declares, and the rows it begins with.
        var manifest = new ManifestReader(diagnostics).Read(manifestFile);
        var seeds = ReadSeeds(manifest, files, diagnostics);

        // 3. Pages and handlers.
        var version = ApplicationVersion.Of(files.Values);
        var compiler = new PageCompiler(manifest, version, new ScriptLibrary(files, diagnostics), diagnostics);
        var pageFiles = files.Values.Where(file => IsPage(file.Path)).ToList();
        var pages = pageFiles.Select(compiler.Compile).OfType<CompiledPage>().ToList();
        var handlers = HandlerTable.Of(manifest, pages, pages.Count < pageFiles.Count, diagnostics);
        if (diagnostics.Count > 0)
        {
            return new LoadResult(null, diagnostics.Sorted());
        }

        var application = new Application
        {
            Name = manifest.Name,
            Version = version,
            Tables = manifest.Tables.ToFrozenDictionary(StringComparer.Ordinal),
            Handlers = handlers,
            Pages = pages.ToFrozenDictionary(page => page.Page.Path, page => page.Page, StringComparer.Ordinal),
            Assets = Assets(manifest, files),
            Roles = manifest.Roles.ToFrozenDictionary(role => role.Key, role => role.Value.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal),
            Seeds = seeds.ToFrozenDictionary(StringComparer.Ordinal),
        };
        return new LoadResult(application, []);
    }

    private static Dictionary<string, IReadOnlyList<SeedRow>> ReadSeeds(Manifest manifest, SortedDictionary<string, SourceFile> files, DiagnosticList diagnostics)
    {
        var seeds = new Dictionary<string, IReadOnlyList<SeedRow>>(StringComparer.Ordinal);
        foreach (var table in manifest.Tables.Values)
        {
            if (table.Seed is null)
            {
                continue;
            }

            if (files.TryGetValue(table.Seed, out var file))
            {
                seeds[table.Name] = SeedReader.Read(manifest.Name, table, file, diagnostics);
            }
            else
            {
                var known = files.Keys.Where(path => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && path != ApplicationFolder.ManifestName);
                diagnostics.Add(manifest.SeedPositions[table.Name], $"there is no file '{table.Seed}'", NearestName.Hint(table.Seed, known, "Create it: a JSON array of rows."));
            }
        }

        return seeds;
    }

    private static FrozenDictionary<string, Asset> Assets(Manifest manifest, SortedDictionary<string, SourceFile> files)
    {
        var seeds = manifest.Tables.Values.Select(table => table.Seed).ToHashSet();
        return files.Values
            .Where(file => file.Path != ApplicationFolder.ManifestName && !seeds.Contains(file.Path) && !IsPage(file.Path))
            .Select(file => new Asset("/" + file.Path, file.Bytes, ContentTypes.Of(file.Path)))
            .ToFrozenDictionary(asset => asset.Path, StringComparer.Ordinal);
    }

    private static bool IsPage(string path) =>
        path.EndsWith(".html", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".htm", StringComparison.OrdinalIgnoreCase);
}
