namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Something newer than ES5 found in a script.</summary>
/// <param name="Offset">where it begins</param>
/// <param name="What">what it is, in words</param>
/// <param name="Instead">what to write instead</param>
internal readonly record struct ModernSyntax(int Offset, string What, string Instead);

/// <summary>
/// What can be told of a script from its tokens alone, before (or without) parsing it: how deep it is nested, whether it names
/// <c>mjolnir</c>, which names it declares at its top level, what in it is newer than ES5. It never fails.
/// </summary>
internal sealed class ScriptScan
{
    /// <summary>What only the browser has (docs/design/pages.md): naming these does not make code run on the server.</summary>
    public static readonly IReadOnlySet<string> BrowserMembers = new HashSet<string> { "signIn", "signUp", "signOut", "call", "onerror", "onconnection", "run" };

    private const int MaxModern = 10; // of one script: the first ones make the point

    private readonly ScriptTokens _tokens;
    private readonly ScriptNesting _nesting = new();
    private readonly HashSet<string> _topLevelNames = new(StringComparer.Ordinal);
    private readonly List<ModernSyntax> _modern = [];

    private ScriptScan(string text) => _tokens = new ScriptTokens(text);

    public bool MentionsMjolnir { get; private set; }

    /// <summary>Functions and variables declared outside of all brackets.</summary>
    public IReadOnlySet<string> TopLevelNames => _topLevelNames;

    public IReadOnlyList<ModernSyntax> Modern => _modern;

    /// <summary>The first place at which it is nested too deep to be parsed; null if it never is.</summary>
    public int? TooDeepAt => _nesting.TooDeepAt;

    /// <summary>Where a string begins that is not closed; null if all are.</summary>
    public int? OpenString => _tokens.OpenString;

    /// <summary>False: brackets close that were never opened, or stay open.</summary>
    public bool IsBalanced => _nesting.IsBalanced;

    public static ScriptScan Of(string text)
    {
        var scan = new ScriptScan(text);
        scan.Run();
        return scan;
    }

    private void Run()
    {
        var previous = default(ScriptToken);
        while (_tokens.Next(previous, _nesting.ClosedHead) is { Kind: not ScriptTokenKind.End } token)
        {
            _nesting.See(token, previous, _tokens.Text);
            if (token.Kind == ScriptTokenKind.Word)
            {
                SeeWord(token, previous);
            }
            else
            {
                SeeMark(token);
            }

            previous = token;
        }

        _nesting.End();
    }

    private void SeeWord(ScriptToken token, ScriptToken previous)
    {
        var word = _tokens.Slice(token);
        var isProperty = previous.Kind == ScriptTokenKind.Mark && _tokens.Slice(previous) is ".";
        if (isProperty)
        {
            return;
        }

        MentionsMjolnir |= word is "mjolnir" && !BrowserMembers.Contains(_tokens.PeekProperty());
        if (_nesting.IsTopLevel && previous.Kind == ScriptTokenKind.Word && _tokens.Slice(previous) is "function" or "var" or "let" or "const" or "class")
        {
            _topLevelNames.Add(word.ToString());
        }

        SeeModernWord(token, word);
    }

    private void SeeModernWord(ScriptToken token, ReadOnlySpan<char> word)
    {
        var next = _tokens.PeekChar();
        var beginsName = char.IsLetter(next) || next is '_' or '$' or '[' or '{';
        if (word is "let" or "const" && beginsName)
        {
            Add(token, $"'{word}'", "Write 'var'.");
        }
        else if (word is "class" && char.IsLetter(next))
        {
            Add(token, "'class'", "Write a constructor function.");
        }
        else if (word is "async" && next == 'f')
        {
            Add(token, "'async'", "A handler is one transaction and needs no waiting: write a plain function.");
        }
        else if (word is "await" && beginsName)
        {
            Add(token, "'await'", "Nothing needs to be awaited: rows are as if they were local.");
        }
        else if (word is "of" && beginsName && _nesting.InForHead)
        {
            Add(token, "'for … of'", "Write 'array.forEach(function (item) { … })' or a 'for' with an index.");
        }
        else if (word is "import" or "export" && _nesting.IsTopLevel)
        {
            Add(token, $"'{word}'", "Give each file its own <script src> in the page.");
        }
    }

    private void SeeMark(ScriptToken token)
    {
        switch (token.Kind)
        {
            case ScriptTokenKind.Template:
                Add(token, "a template string", "Write 'text ' + value.");
                break;
            case ScriptTokenKind.Mark when _tokens.Slice(token) is "=>":
                Add(token, "an arrow function", "Write 'function (x) { return …; }'.");
                break;
            case ScriptTokenKind.Mark when _tokens.Slice(token) is "...":
                Add(token, "'...'", "Write out the elements, or use 'apply' and 'concat'.");
                break;
            case ScriptTokenKind.Mark when _tokens.Slice(token) is "?.":
                Add(token, "'?.'", "Write 'a && a.b'.");
                break;
            case ScriptTokenKind.Mark when _tokens.Slice(token) is "??":
                Add(token, "'??'", "Write 'a !== null && a !== undefined ? a : b'.");
                break;
            case ScriptTokenKind.Mark when _tokens.Slice(token) is "**":
                Add(token, "'**'", "Write 'Math.pow(a, b)'.");
                break;
        }
    }

    private void Add(ScriptToken token, string what, string instead)
    {
        if (_modern.Count < MaxModern)
        {
            _modern.Add(new ModernSyntax(token.Start, what, instead));
        }
    }
}
