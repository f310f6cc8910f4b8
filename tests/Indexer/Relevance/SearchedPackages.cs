using System.Globalization;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tests.Relevance;

/// <summary>What somebody looks for, and the packages one of which is to be among the first five.</summary>
public sealed record RelevanceQuery(string Text, IReadOnlyList<string> Accepted)
{
    /// <summary>The queries of a file: lines "words: package package …", and remarks after a "#".</summary>
    public static IReadOnlyList<RelevanceQuery> Read(string file) =>
        [.. File.ReadLines(file).Where(static line => line.Length > 0 && line[0] != '#').Select(static line => line.Split(": ")).Select(static parts => new RelevanceQuery(parts[0], parts[1].Split(' ')))];
}

/// <summary>A package.</summary>
/// <param name="Name">its name</param>
/// <param name="Description">one line</param>
/// <param name="Recommended">packages that recommend or suggest it</param>
public sealed record ListedPackage(string Name, string Description, int Recommended);

/// <summary>A list of packages with the text index that samples/catalog declares, in this process: the index alone, as an app server or an indexer asks it.</summary>
public sealed class SearchedPackages
{
    private const string Table = "packages";
    private static readonly SearchDeclaration Searched = new([new SearchField("name", 3), new SearchField("description", 1)], "en", IsFuzzy: true) { Popularity = "recommended" };
    private static readonly TableIndexes Declared = new([], [], Searched);

    private readonly EmbeddedIndexPages _pages = new();

    /// <summary>Builds the index.</summary>
    public SearchedPackages(IEnumerable<ListedPackage> packages)
    {
        var layout = new TableLayout(Table, Declared);
        var writer = new TableWriter(layout, 1, _pages, PageSizes.Usual);
        var rows = packages.Select(static package => new RowChange(package.Name, 1, new Document(JsonSerializer.SerializeToUtf8Bytes(new { name = package.Name, description = package.Description, recommended = package.Recommended }))));
        Done(writer.BuildAsync(new TableBuild(layout, rows), [new Stamp("log", 1)], [], CancellationToken.None));
    }

    /// <summary>The packages of a file: lines of name, description and packages that recommend it, with tabulators between.</summary>
    public static IEnumerable<ListedPackage> Read(string file) =>
        File.ReadLines(file).Select(static line => line.Split('\t')).Select(static parts => new ListedPackage(parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture)));

    /// <summary>Asks as `search` of a handler does.</summary>
    public IndexAnswer Ask(string text, int limit)
    {
        var looked = SearchText.Of(new TextAnalyzer(Searched.Language), text, isFuzzy: true);
        var query = SearchQuery.TryBind("app", Table, Declared, QueryTerms.All, looked, out var missing) ?? throw new InvalidOperationException(missing);
        return Done(IndexReader.AnswerAsync(_pages, _pages.Heads.Newest(Table)!, query.Question(limit, isFresh: false), CancellationToken.None))!;
    }

    /// <summary>The names of the best.</summary>
    public IReadOnlyList<string> Best(string text, int limit) => [.. Ask(text, limit).Found.Select(static row => row.PrimaryKey)];

    /// <summary>Why a query misses: what is found instead, and the place of the first package that was to be found.</summary>
    public string Explain(RelevanceQuery query)
    {
        var all = Best(query.Text, int.MaxValue);
        var place = all.TakeWhile(name => !query.Accepted.Contains(name)).Count();
        return string.Create(CultureInfo.InvariantCulture, $"'{query.Text}' finds {string.Join(' ', all.Take(5))}; of those accepted the best is {(place < all.Count ? $"{all[place]}, number {place + 1} of {all.Count}" : "none")}");
    }

    // Pages in the process are there at once.
    private static T Done<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();
}
