using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// Bounds from above how deep a parser descends into a script: one step for each open bracket, and for each operator or statement that takes
/// what follows it as its operand, until the statement ends. A stack that overflows takes the process with it, so this comes first.
/// </summary>
internal sealed class ScriptNesting
{
    private struct Level
    {
        public char Bracket;
        public bool IsForHead;
        public bool IsHead; // of if, for, while or with
        public int Pending; // operators and statements without brackets, since the statement began
        public int Elses; // "else if" after "else if" is nested too, through semicolons
    }

    private readonly Stack<Level> _outer = new();
    private Level _level;
    private int _total;
    private bool _closedBrace;

    public int? TooDeepAt { get; private set; }

    public bool IsBalanced { get; private set; } = true;

    public bool IsTopLevel => _outer.Count == 0;

    public bool InForHead => _level.IsForHead;

    /// <summary>The last token closed the head of an if, for, while or with.</summary>
    public bool ClosedHead { get; private set; }

    public void See(ScriptToken token, ScriptToken previous, string text)
    {
        var slice = text.AsSpan(token.Start, token.End - token.Start);
        EndStatementAfterBrace(token.Kind, slice);
        ClosedHead = false;
        switch (slice)
        {
            case "(" or "[" or "{":
                Open(slice[0], text.AsSpan(previous.Start, previous.End - previous.Start));
                break;
            case ")" or "]" or "}":
                Close(slice[0]);
                break;
            case ";" or ",":
                EndStatement();
                break;
            case "if" when text.AsSpan(previous.Start, previous.End - previous.Start) is not "else":
                _total -= _level.Elses;
                _level.Elses = 0;
                Deeper();
                break;
            case "else":
                _level.Elses++;
                _total++;
                break;
            default:
                if (Descends(token.Kind, slice))
                {
                    Deeper();
                }

                break;
        }

        if (_total > ApplicationLimits.MaxScriptNesting)
        {
            TooDeepAt ??= token.Start;
        }
    }

    public void End() => IsBalanced &= _outer.Count == 0;

    // Binary operators, dots and calls make a deep tree too, though the parser needs no stack for them: walking the tree does.
    private static bool Descends(ScriptTokenKind kind, ReadOnlySpan<char> slice) => kind switch
    {
        ScriptTokenKind.Mark => true,
        ScriptTokenKind.Word => slice is "if" or "for" or "while" or "do" or "with" or "new" or "typeof" or "void" or "delete" or "in" or "instanceof" or "function",
        _ => false,
    };

    private void Open(char bracket, ReadOnlySpan<char> before)
    {
        _level.Pending++;
        _total += 2;
        _outer.Push(_level);
        var isHead = bracket == '(' && before is ("if" or "for" or "while" or "with");
        _level = new Level { Bracket = bracket, IsHead = isHead, IsForHead = isHead && before is "for" };
    }

    private void Close(char bracket)
    {
        var opening = bracket switch
        {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        if (_outer.Count == 0 || _level.Bracket != opening)
        {
            IsBalanced = false;
            return;
        }

        _total -= _level.Pending + _level.Elses + 1;
        ClosedHead = _level.IsHead;
        _level = _outer.Pop();
        _closedBrace = bracket == '}';
    }

    // A block ends its statement unless an operator goes on with it: "} foo", but not "} + foo".
    private void EndStatementAfterBrace(ScriptTokenKind kind, ReadOnlySpan<char> slice)
    {
        if (_closedBrace && kind != ScriptTokenKind.Mark && slice is not ("else" or "while" or "catch" or "finally" or "in" or "instanceof"))
        {
            EndStatement();
        }

        _closedBrace = false;
    }

    private void Deeper()
    {
        _level.Pending++;
        _total++;
    }

    private void EndStatement()
    {
        _total -= _level.Pending;
        _level.Pending = 0;
    }
}
