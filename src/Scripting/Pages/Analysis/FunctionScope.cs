using Jint.Parser;
using Jint.Parser.Ast;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>One use of a name in a function's own text.</summary>
/// <param name="Name">the name</param>
/// <param name="Owner">the function whose variable it is; null for a global</param>
/// <param name="Node">where</param>
/// <param name="Property">the property taken of it where it stands before a dot, else null</param>
/// <param name="Use">what is done with it</param>
internal sealed record Reference(string Name, FunctionScope? Owner, Identifier Node, string? Property, ReferenceUse Use);

internal enum ReferenceUse
{
    /// <summary>Its value is used: stored, passed on, compared.</summary>
    Value,

    /// <summary>It is called.</summary>
    Called,

    /// <summary>It is handed to a timer, which calls it.</summary>
    Timed,

    /// <summary>It is assigned.</summary>
    Assigned,
}

/// <summary>A function (or a whole script) with its variables, the names its text uses and the functions within it.</summary>
internal sealed class FunctionScope(PageCode code, FunctionScope? parent, SyntaxNode node)
{
    /// <summary>The script it stands in.</summary>
    public PageCode Code { get; } = code;

    /// <summary>The function around it; null for a script.</summary>
    public FunctionScope? Parent { get; } = parent;

    public SyntaxNode Node { get; } = node;

    public IFunctionDeclaration? Function => Node as IFunctionDeclaration;

    /// <summary>Parameters, variables, functions and its own name. A script's are the page's globals.</summary>
    public HashSet<string> Locals { get; } = new(StringComparer.Ordinal);

    /// <summary>Functions that are the value of one of its variables.</summary>
    public Dictionary<string, List<FunctionScope>> LocalFunctions { get; } = new(StringComparer.Ordinal);

    public List<FunctionScope> Children { get; } = [];

    public List<Reference> References { get; } = [];

    /// <summary>Parameters that it gives to addEventListener: whoever calls it registers a listener.</summary>
    public HashSet<int> ListenerParameters { get; } = [];

    /// <summary>
    /// Counted only where its name is used, not as part of the text around it: a declared function, a function that is a variable's or property's
    /// value, a listener.
    /// </summary>
    public bool StandsAlone { get; set; }

    /// <summary>The property whose value it is, in an object literal or by assignment; null otherwise.</summary>
    public string? PropertyName { get; set; }

    /// <summary>What the browser gives as <c>String(function)</c>.</summary>
    public string SourceText => Code.Text[Node.Range[0]..Node.Range[1]];

    /// <summary>The names used by its text, without functions that stand alone.</summary>
    public IEnumerable<Reference> TextReferences() =>
        References.Concat(Children.Where(child => !child.StandsAlone).SelectMany(child => child.TextReferences()));

    /// <summary>It and all functions within it.</summary>
    public IEnumerable<FunctionScope> WithAllChildren() => Children.SelectMany(child => child.WithAllChildren()).Prepend(this);

    /// <summary>The nearest function, from here outwards, that has such a variable; null if it is a global.</summary>
    public FunctionScope? OwnerOf(string name)
    {
        for (var scope = this; scope.Parent is not null; scope = scope.Parent)
        {
            if (scope.Locals.Contains(name))
            {
                return scope;
            }
        }

        return null;
    }

    /// <summary>The first use of a variable of a function around this one; null if there is none.</summary>
    public Reference? FirstCapture() =>
        WithAllChildren().SelectMany(function => function.References)
            .Where(reference => reference.Owner is { } owner && !owner.IsWithin(this))
            .MinBy(reference => reference.Node.Range[0]);

    public bool IsWithin(FunctionScope other)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope == other)
            {
                return true;
            }
        }

        return false;
    }
}
