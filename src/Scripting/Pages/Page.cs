using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages;

/// <summary>A file served as it is.</summary>
/// <param name="Path">URL path, <c>/bank.js</c></param>
/// <param name="Content">the bytes</param>
/// <param name="ContentType">with charset for text</param>
public sealed record Asset(string Path, ReadOnlyMemory<byte> Content, string ContentType);

/// <summary>Where a template stands.</summary>
public enum TemplateKind
{
    /// <summary>In text: its value is HTML, escaped unless the filter <c>raw</c> is given.</summary>
    Text,

    /// <summary>An attribute's whole value, with one or more expressions in it: its value is plain text.</summary>
    Attribute,

    /// <summary>As <see cref="Attribute"/>, and the value is an address: one whose scheme would run code is not given (<see cref="TemplateAddress"/>).</summary>
    Address,

    /// <summary>The whole text of an element that holds only text (title, textarea, option): its value is plain text.</summary>
    ElementText,
}

/// <summary>One live place of a page.</summary>
/// <param name="Index">its number on the page, from 0</param>
/// <param name="Kind">where it stands</param>
/// <param name="Parts">literal texts and expressions in turn; a text template is a single expression</param>
/// <param name="Position">where it is written</param>
public sealed record Template(int Index, TemplateKind Kind, IReadOnlyList<TemplatePart> Parts, SourcePosition Position);

/// <summary>Literal text, or an expression with its filters.</summary>
/// <param name="Literal">text to take over; null for an expression</param>
/// <param name="Expression">JavaScript expression; null for a literal</param>
/// <param name="Filters">filters applied in turn, e.g. <c>raw</c>; <c>default</c> with its decoded value behind a colon: <c>default:nobody</c></param>
/// <param name="Position">where it is written</param>
public sealed record TemplatePart(string? Literal, string? Expression, IReadOnlyList<string> Filters, SourcePosition Position);

/// <summary>A script of a page, in the order the page runs them.</summary>
/// <param name="Source">its text</param>
/// <param name="File">the author's file: the page itself for inline scripts</param>
/// <param name="FirstLine">line of the file at which the text begins, from 1</param>
/// <param name="FirstColumn">column at which its first line begins, from 1</param>
public sealed record PageScript(string Source, string File, int FirstLine, int FirstColumn);

/// <summary>An element as the page was written, so that a handler can read what the browser did not ship.</summary>
/// <param name="Reference">its name in messages (pages.md): <c>#id</c>, <c>@name</c>, or a CSS path</param>
/// <param name="Tag">lower case</param>
/// <param name="Attributes">as written, templates removed</param>
/// <param name="Text">its text content as written; null for elements that hold other elements' text only</param>
/// <param name="Options">of a select: value and label of each option; else empty</param>
public sealed record PageElement(
    string Reference,
    string Tag,
    IReadOnlyDictionary<string, string> Attributes,
    string? Text,
    IReadOnlyList<KeyValuePair<string, string>> Options)
{
    /// <summary>Reference of the form that the field belongs to; null if it belongs to none, or the page compiler does not tell.</summary>
    public string? Form { get; init; }
}

/// <summary>An HTML page, parsed and made ready to be served and run.</summary>
public sealed class Page
{
    /// <summary>URL path, <c>/index.html</c>.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// The HTML to serve, cut at the text that templates yield: literal, value of template 0, literal, value of 1, … One literal more than
    /// there are <see cref="Slots"/>. Handlers are rewritten, markers and the client script are in place.
    /// </summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Literals { get; init; }

    /// <summary>Which template's value stands between literal i and i+1; attribute and element-text values are HTML-escaped when put there.</summary>
    public required IReadOnlyList<int> Slots { get; init; }

    /// <summary>The live places, by index.</summary>
    public required IReadOnlyList<Template> Templates { get; init; }

    /// <summary>Scripts that the server runs to know the page's functions and globals.</summary>
    public required IReadOnlyList<PageScript> Scripts { get; init; }

    /// <summary>Elements with an id or a name, and those with rewritten handlers. A select's attributes have the selected option's value as <c>value</c>.</summary>
    public required IReadOnlyList<PageElement> Elements { get; init; }
}
