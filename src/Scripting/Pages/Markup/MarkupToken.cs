using AngleSharp.Html.Parser;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>A token of the page with its place in the source.</summary>
/// <param name="Type">tag, text, comment, …</param>
/// <param name="Name">a tag's name, lower case; else empty</param>
/// <param name="Start">first character</param>
/// <param name="End">behind the last character</param>
/// <param name="Value">text with character references resolved</param>
/// <param name="Attributes">of a start tag, in order, each name once</param>
internal sealed record MarkupToken(HtmlTokenType Type, string Name, int Start, int End, string Value, IReadOnlyList<MarkupAttribute> Attributes)
{
    public bool IsStart => Type == HtmlTokenType.StartTag;

    public bool IsText => Type == HtmlTokenType.Character;

    public MarkupAttribute? Attribute(string name)
    {
        foreach (var attribute in Attributes)
        {
            if (attribute.Name == name)
            {
                return attribute;
            }
        }

        return null;
    }
}

/// <summary>An attribute with the place of its name and value.</summary>
/// <param name="Name">lower case</param>
/// <param name="Value">with character references resolved</param>
/// <param name="NameStart">first character of the name</param>
/// <param name="Start">first character of name, equals sign and quotes, to be replaced as a whole</param>
/// <param name="End">behind all of it</param>
/// <param name="ValueStart">first character of the value, inside the quotes</param>
/// <param name="ValueEnd">behind the value</param>
internal sealed record MarkupAttribute(string Name, string Value, int NameStart, int Start, int End, int ValueStart, int ValueEnd);
