using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>
/// One world of scripts: the language's objects, the page's globals, and the budget of the run under way. Made once per page and lane;
/// whatever is made before <see cref="Seal"/> is shared between runs and guarded by the <see cref="Journal"/>.
/// </summary>
internal sealed class Realm
{
    /// <summary>Length from which reading through a text is charged.</summary>
    private const int LongText = 256;

    [ThreadStatic]
    private static Realm? _running;

    private readonly Budget _budget;
    private readonly HashSet<JsObject> _joining = [];

    public Realm(ScriptLimits limits, TimeProvider time)
    {
        Limits = limits;
        Journal = new Journal();
        MakesShared = true;
        _budget = new Budget(this, time);
        Intrinsics = new Intrinsics();
        StartBudget(limits.SetUpTimeout);
        Library.Install(this);
    }

    public ScriptLimits Limits { get; }

    public Journal Journal { get; }

    public Intrinsics Intrinsics { get; }

    /// <summary>The global object.</summary>
    public GlobalObject Global { get; set; } = null!;

    /// <summary>True until the page's scripts have run.</summary>
    public bool MakesShared { get; private set; }

    /// <summary>The place in the program being run.</summary>
    public Site? At { get; set; }

    /// <summary>Clock, ids and randomness of the run under way.</summary>
    public RunSeed Seed { get; set; } = new(default);

    /// <summary>Calls within calls just now.</summary>
    public int Depth { get; set; }

    /// <summary>From here on objects belong to the run that makes them.</summary>
    public void Seal() => MakesShared = false;

    /// <summary>Starts counting what a run takes.</summary>
    public void StartBudget(TimeSpan timeout)
    {
        Depth = 0;
        At = null;
        _joining.Clear();
        _running = this;
        _budget.Start(timeout);
    }

    /// <summary>One turn of a loop, one element walked.</summary>
    public void Tick() => _budget.Take(1);

    /// <summary>Work of a library function in one go; a unit is about the time of one step.</summary>
    public void Work(int units) => _budget.Take(1 + (units >> 4));

    /// <summary>
    /// Charges reading through a text to the run on this thread: conversions and comparisons happen in too many places to name the realm in each,
    /// and runs do not nest.
    /// </summary>
    public static void ChargeText(string text)
    {
        if (text.Length > LongText)
        {
            _running?.Work(text.Length >> 1);
        }
    }

    /// <summary>Charges the run on this thread for putting a long text together.</summary>
    public static void ChargeCopy(int length)
    {
        if (length > LongText && _running is { } realm)
        {
            realm.Work(length >> 1);
            realm.Allocate(length * 2L);
        }
    }

    /// <summary>About to allocate that much at once.</summary>
    public void Allocate(long bytes) => _budget.Allocate(bytes);

    public void EnterCall()
    {
        _budget.Take(1);
        if (++Depth > Limits.MaxCallDepth || !System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Limit($"too much recursion: more than {Math.Min(Depth, Limits.MaxCallDepth)} calls within each other");
        }
    }

    public void LeaveCall() => Depth--;

    /// <summary>One prototype further.</summary>
    public void Step(ref int steps)
    {
        if (++steps > Limits.MaxPrototypes)
        {
            throw Limit($"more than {Limits.MaxPrototypes} prototypes behind one object");
        }
    }

    /// <summary>Concatenates; the result is copied together only when used.</summary>
    public JsValue Concat(JsValue left, JsValue right)
    {
        var length = (long)LengthOf(left) + LengthOf(right);
        if (length < 64)
        {
            return string.Concat(left.Text, right.Text);
        }

        RequireTextLength(length);
        if (LengthOf(left) == 0 || LengthOf(right) == 0)
        {
            return LengthOf(left) == 0 ? right : left;
        }

        _budget.Take(1);
        return JsValue.Of(new Rope(left.Reference!, right.Reference!, (int)length));
    }

    /// <summary>Refuses a text that would be too long; <paramref name="charge"/>: it is about to be made in one go.</summary>
    public void RequireTextLength(long length, bool charge = true)
    {
        if (length > Limits.MaxTextLength)
        {
            throw Limit($"a text of {length} characters; at most {Limits.MaxTextLength} are allowed");
        }

        if (charge && length > 1024)
        {
            Allocate(length * 2);
        }
    }

    /// <summary>False: the array is being joined already (it contains itself), and is empty text there.</summary>
    public bool EnterJoin(JsObject array)
    {
        EnterCall();
        if (_joining.Contains(array))
        {
            LeaveCall();
            return false;
        }

        _joining.Add(array);
        return true;
    }

    public void LeaveJoin(JsObject array)
    {
        _joining.Remove(array);
        LeaveCall();
    }

    public ScriptThrow TypeError(string message) => Error(Intrinsics.TypeErrorPrototype, message);

    /// <summary>An error that a script may catch, with this message alone.</summary>
    public ScriptThrow UserError(string message) => Error(Intrinsics.ErrorPrototype, message);

    public ScriptThrow RangeError(string message) => Error(Intrinsics.RangeErrorPrototype, message);

    public ScriptThrow ReferenceError(string message) => Error(Intrinsics.ReferenceErrorPrototype, message);

    public ScriptThrow SyntaxError(string message) => Error(Intrinsics.SyntaxErrorPrototype, message);

    public ScriptThrow UriError(string message) => Error(Intrinsics.UriErrorPrototype, message);

    /// <summary>Ends the run: a limit was passed.</summary>
    public RunAborted Limit(string reason) => new(reason, AbortKind.Limit, At?.Position);

    /// <summary>Ends the run: a mistake that no script should catch.</summary>
    public RunAborted Abort(string reason, AbortKind kind = AbortKind.Error, SourcePosition? position = null) => new(reason, kind, position ?? At?.Position);

    /// <summary>Ends the run: something of the browser that has no meaning here.</summary>
    public RunAborted NotSupported(string what) => Abort("not supported on the server: " + what);

    private ScriptThrow Error(JsObject prototype, string message) => new(ErrorLibrary.Make(this, prototype, message), At);

    private static int LengthOf(JsValue text) => text.Reference is string s ? s.Length : ((Rope)text.Reference!).Length;
}
