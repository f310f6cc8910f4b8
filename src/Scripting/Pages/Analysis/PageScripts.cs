using AngleSharp.Html.Parser;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Markup;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>The scripts of a page in order, told apart by where they can run.</summary>
internal sealed class PageScripts
{
    private const string OneTransaction = "what uses mjolnir runs on the server as ES5";

    // HTML standard, "JavaScript MIME type"; an empty type means JavaScript too.
    private static readonly HashSet<string> ScriptTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        "", "text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript", "text/ecmascript", "text/x-javascript", "text/jscript",
    };

    private readonly ScriptLibrary _library;
    private readonly PageMarkup _markup;
    private readonly DiagnosticList _diagnostics;

    private PageScripts(ScriptLibrary library, PageMarkup markup, DiagnosticList diagnostics) =>
        (_library, _markup, _diagnostics) = (library, markup, diagnostics);

    /// <summary>ES5: the server can run them.</summary>
    public List<PageCode> Server { get; } = [];

    /// <summary>Newer than ES5 and without mjolnir: they run in the browser alone.</summary>
    public List<PageCode> BrowserOnly { get; } = [];

    /// <summary>Scripts from elsewhere, or too large to be looked at: they may define anything.</summary>
    public bool HasUnknown { get; private set; }

    public static PageScripts Of(PageMarkup markup, ScriptLibrary library, DiagnosticList diagnostics)
    {
        var scripts = new PageScripts(library, markup, diagnostics);
        for (var i = 0; i < markup.Tokens.Count; i++)
        {
            var tag = markup.Tokens[i];
            if (tag is { IsStart: true, Name: "script" } && !(markup.ElementOf(tag) is { } element && markup.Inert.Contains(element)))
            {
                scripts.Add(tag, i);
            }
        }

        return scripts;
    }

    private void Add(MarkupToken tag, int index)
    {
        var type = (tag.Attribute("type")?.Value ?? "").Split(';')[0].Trim();
        var isModule = type.Equals("module", StringComparison.OrdinalIgnoreCase);
        if (!isModule && !ScriptTypes.Contains(type))
        {
            return; // data, or code of another language
        }

        if ((tag.Attribute("src") is { } src ? FromFile(src) : Inline(tag, index)) is not { } code)
        {
            return;
        }

        if (isModule)
        {
            AddModule(code, tag);
        }
        else if (code.IsEs5)
        {
            Server.Add(code);
        }
        else
        {
            AddNotEs5(code);
        }
    }

    private void AddNotEs5(PageCode code)
    {
        BrowserOnly.Add(code);
        if (code.Scan.MentionsMjolnir)
        {
            code.ReportNotEs5(_diagnostics, OneTransaction);
        }
    }

    private void AddModule(PageCode code, MarkupToken tag)
    {
        BrowserOnly.Add(code);
        if (code.Scan.MentionsMjolnir)
        {
            _diagnostics.Add(_markup.Source.PositionAt(tag.Attribute("type")!.NameStart), "a module runs in the browser only, and this one uses mjolnir", "Leave out type=\"module\" and write ES5.");
        }
    }

    private PageCode? FromFile(MarkupAttribute src)
    {
        if (_markup.Regions.Any(region => region.Start >= src.ValueStart && region.End <= src.ValueEnd) || LocalPath.IsElsewhere(src.Value))
        {
            HasUnknown = true;
            return null;
        }

        var path = LocalPath.Resolve(_markup.Source.File, src.Value);
        if (_library.Find(path) is { } code)
        {
            HasUnknown |= code.Program is null && code.Text.Length == 0;
            return code;
        }

        HasUnknown = true;
        if (!_library.Exists(path))
        {
            _diagnostics.Add(_markup.Source.PositionAt(src.ValueStart), $"there is no file '{path}'", NearestName.Hint(path, _library.ScriptPaths, "Put the script into the application's folder."));
        }

        return null;
    }

    private PageCode? Inline(MarkupToken tag, int index)
    {
        if (index + 1 >= _markup.Tokens.Count || _markup.Tokens[index + 1] is not { Type: HtmlTokenType.Character } text)
        {
            return null;
        }

        if (text.End - text.Start > ApplicationLimits.MaxScriptChars)
        {
            HasUnknown = true;
            return null;
        }

        return new PageCode(_markup.Source.Text[text.Start..text.End], offset => _markup.Source.PositionAt(text.Start + offset));
    }
}
