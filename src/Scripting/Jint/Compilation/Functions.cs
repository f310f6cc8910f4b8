using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A function as compiled: what all its instances share.</summary>
internal sealed class FunctionCode
{
    public required string Name { get; init; }

    /// <summary>Parameter i is slot i.</summary>
    public required int Parameters { get; init; }

    /// <summary>Parameters, variables, inner functions, and if needed the function itself and its arguments object.</summary>
    public required int Slots { get; init; }

    /// <summary>Slot of the function's own name in a function expression; -1 without.</summary>
    public required int SelfSlot { get; init; }

    /// <summary>Slot of <c>arguments</c>; -1 if the function does not use it.</summary>
    public required int ArgumentsSlot { get; init; }

    public required bool Strict { get; init; }

    /// <summary>Functions declared in it, made when it is entered.</summary>
    public required (int Slot, FunctionCode Code)[] Declarations { get; init; }

    public required Statement[] Body { get; init; }

    /// <summary>The text as the author wrote it.</summary>
    public required string SourceText { get; init; }
}

/// <summary>A function written in JavaScript.</summary>
internal sealed class ScriptFunction : JsFunction
{
    private readonly FunctionCode _code;
    private readonly Scope? _scope;
    private bool _hasPrototype;

    public ScriptFunction(Realm realm, FunctionCode code, Scope? scope)
        : base(realm, realm.Intrinsics.FunctionPrototype)
    {
        _code = code;
        _scope = scope;
    }

    public override bool IsConstructor => true;

    public override string SourceText => _code.SourceText;

    public FunctionCode Code => _code;

    public override bool TryGetOwn(string key, out Slot slot)
    {
        EnsureProperties(key);
        return base.TryGetOwn(key, out slot);
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        EnsureProperties(key);
        base.Put(key, value, strict);
    }

    public override bool Delete(string key, bool strict)
    {
        EnsureProperties("prototype");
        return base.Delete(key, strict);
    }

    public override void Define(string key, Descriptor descriptor)
    {
        EnsureProperties("prototype");
        base.Define(key, descriptor);
    }

    public override List<string> OwnKeys()
    {
        EnsureProperties("prototype");
        return base.OwnKeys();
    }

    public override void Restrict(Attributes remove)
    {
        EnsureProperties("prototype");
        base.Restrict(remove);
    }

    internal override object Save() => (base.Save(), _hasPrototype);

    internal override void Restore(object saved)
    {
        var (o, hasPrototype) = ((object, bool))saved;
        base.Restore(o);
        _hasPrototype = hasPrototype;
    }

    protected override JsValue Invoke(JsValue self, JsValue[] args)
    {
        var slots = new JsValue[_code.Slots];
        Array.Copy(args, slots, Math.Min(args.Length, _code.Parameters));
        var scope = new Scope(Realm, slots, _scope);
        foreach (var (slot, code) in _code.Declarations)
        {
            slots[slot] = new ScriptFunction(Realm, code, scope);
        }

        if (_code.SelfSlot >= 0)
        {
            slots[_code.SelfSlot] = this;
        }

        if (_code.ArgumentsSlot >= 0)
        {
            slots[_code.ArgumentsSlot] = new JsArguments(Realm, args, scope, _code.Strict ? 0 : _code.Parameters, _code.Strict ? null : this);
        }

        var frame = new Frame(Realm, scope, _code.Strict ? self : SloppyThis(self));
        return Statements.Run(_code.Body, frame) == Completion.Return ? frame.Result : default;
    }

    protected override JsObject Construct(JsValue[] args)
    {
        var o = new JsObject(Realm, Get("prototype").Object ?? Realm.Intrinsics.ObjectPrototype);
        return Invoke(o, args).Object ?? o;
    }

    private JsValue SloppyThis(JsValue self)
    {
        if (self.IsObject)
        {
            return self;
        }

        return self.IsNullish ? Realm.Global : Operators.ToObject(Realm, self);
    }

    /// <summary>length, name and prototype exist from the first time anyone asks: most functions are only called.</summary>
    private void EnsureProperties(string key)
    {
        if (_hasPrototype || key is not ("prototype" or "length" or "name"))
        {
            return;
        }

        Touch();
        _hasPrototype = true;
        Set("length", _code.Parameters, Attributes.Configurable);
        Set("name", _code.Name, Attributes.Configurable);
        var prototype = new JsObject(Realm, Realm.Intrinsics.ObjectPrototype);
        prototype.Set("constructor", this, Attributes.Hidden);
        Set("prototype", prototype, Attributes.Writable);
    }
}

/// <summary>The <c>arguments</c> of a call; in sloppy mode its first elements are the parameters themselves.</summary>
internal sealed class JsArguments : JsObject
{
    private readonly Scope _scope;
    private int _mapped;

    public JsArguments(Realm realm, JsValue[] args, Scope scope, int parameters, JsFunction? callee)
        : base(realm, realm.Intrinsics.ObjectPrototype)
    {
        _scope = scope;
        for (var i = 0; i < args.Length; i++)
        {
            Set(ArrayIndex.Text((uint)i), args[i]);
        }

        Set("length", args.Length, Attributes.Hidden);
        if (callee is not null)
        {
            Set("callee", callee, Attributes.Hidden);
        }

        _mapped = Math.Min(parameters, args.Length);
    }

    public override string Class => "Arguments";

    public override bool TryGetOwn(string key, out Slot slot)
    {
        var found = base.TryGetOwn(key, out slot);
        if (found && IsMapped(key, out var index))
        {
            slot.Value = _scope.Slots[index];
        }

        return found;
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (IsMapped(key, out var index))
        {
            _scope.Set((int)index, value);
        }

        base.Put(key, value, strict);
    }

    public override bool Delete(string key, bool strict)
    {
        Unmap(key);
        return base.Delete(key, strict);
    }

    public override void Define(string key, Descriptor descriptor)
    {
        Unmap(key);
        base.Define(key, descriptor);
    }

    public override void Restrict(Attributes remove)
    {
        Unmap("0");
        base.Restrict(remove);
    }

    internal override object Save() => (base.Save(), _mapped);

    internal override void Restore(object saved)
    {
        var (o, mapped) = ((object, int))saved;
        base.Restore(o);
        _mapped = mapped;
    }

    private bool IsMapped(string key, out uint index) => ArrayIndex.TryParse(key, out index) && index < _mapped;

    /// <summary>Once elements are deleted or redefined, parameters and elements go separate ways: all of them, which no sane program can tell.</summary>
    private void Unmap(string key)
    {
        if (!IsMapped(key, out _))
        {
            return;
        }

        Touch();
        for (var i = 0; i < _mapped; i++)
        {
            Replace(ArrayIndex.Text((uint)i), _scope.Slots[i]);
        }

        _mapped = 0;
    }
}

/// <summary>A function expression.</summary>
internal sealed class FunctionExpression(FunctionCode code) : Expression
{
    public override string Name => code.Name;

    public override JsValue Evaluate(Frame frame) => new ScriptFunction(frame.Realm, code, frame.Scope);
}
