using Ast = Jint.Parser.Ast;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>The variables of a function being compiled, or of a catch block in it: name to slot.</summary>
internal sealed class Variables(Variables? parent, bool isFunction)
{
    private readonly Dictionary<string, int> _slots = [];

    public Variables? Parent { get; } = parent;

    public int Count { get; private set; }

    public int SelfSlot { get; private set; } = -1;

    public int ArgumentsSlot { get; private set; } = -1;

    /// <summary>Adds a variable unless it is there; gives its slot.</summary>
    public int Declare(string name)
    {
        if (!_slots.TryGetValue(name, out var slot))
        {
            slot = Count++;
            _slots.Add(name, slot);
        }

        return slot;
    }

    /// <summary>Adds a parameter: each has a slot, of two with the same name the last is seen.</summary>
    public void DeclareParameter(string name) => _slots[name] = Count++;

    /// <summary>Adds the function's own name, hidden by any other variable of that name.</summary>
    public void DeclareSelf(string name)
    {
        if (!_slots.ContainsKey(name))
        {
            SelfSlot = Declare(name);
        }
    }

    /// <summary>Finds a variable: how many scopes out and which slot. False: it is a global.</summary>
    public static bool TryResolve(Variables? from, string name, out int depth, out int slot, out bool constant)
    {
        depth = 0;
        for (var scope = from; scope is not null; scope = scope.Parent, depth++)
        {
            if (scope.TryFind(name, out slot))
            {
                constant = slot == scope.SelfSlot;
                return true;
            }
        }

        (slot, constant) = (0, false);
        return false;
    }

    private bool TryFind(string name, out int slot)
    {
        if (_slots.TryGetValue(name, out slot))
        {
            return true;
        }

        if (isFunction && name == "arguments")
        {
            slot = ArgumentsSlot = Declare(name);
            return true;
        }

        return false;
    }
}

/// <summary>What a function's or a program's text declares: found before anything is compiled, since it is seen from the start.</summary>
internal sealed class Declarations
{
    public List<string> Variables { get; } = [];

    public List<Ast.FunctionDeclaration> Functions { get; } = [];

    public static Declarations Of(IEnumerable<Ast.Statement> body)
    {
        var found = new Declarations();
        foreach (var statement in body)
        {
            found.Add(statement);
        }

        return found;
    }

    private void Add(Ast.SyntaxNode? node)
    {
        // Long else-if chains are walked, not recursed into.
        while (node is Ast.IfStatement branch)
        {
            Add(branch.Consequent);
            node = branch.Alternate;
        }

        switch (node)
        {
            case Ast.FunctionDeclaration function:
                Functions.Add(function);
                break;
            case Ast.VariableDeclaration variables:
                Variables.AddRange(variables.Declarations.Select(d => d.Id.Name));
                break;
            case Ast.BlockStatement block:
                AddAll(block.Body);
                break;
            case Ast.ForStatement loop:
                Add(loop.Init as Ast.VariableDeclaration);
                Add(loop.Body);
                break;
            case Ast.ForInStatement loop:
                Add(loop.Left as Ast.VariableDeclaration);
                Add(loop.Body);
                break;
            case Ast.WhileStatement loop:
                Add(loop.Body);
                break;
            case Ast.DoWhileStatement loop:
                Add(loop.Body);
                break;
            case Ast.LabelledStatement labelled:
                Add(labelled.Body);
                break;
            case Ast.SwitchStatement choice:
                AddAll(choice.Cases.SelectMany(c => c.Consequent));
                break;
            case Ast.TryStatement attempt:
                Add(attempt.Block);
                AddAll(attempt.Handlers.Select(h => h.Body));
                Add(attempt.Finalizer);
                break;
        }
    }

    private void AddAll(IEnumerable<Ast.Statement> statements)
    {
        foreach (var statement in statements)
        {
            Add(statement);
        }
    }
}
