using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Dom;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Rows;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>One run of a handler in a borrowed realm.</summary>
internal sealed class HandlerRun
{
    private readonly PageRealm _owner;
    private readonly Realm _realm;
    private readonly HandlerCall _call;
    private readonly PageRun _page;
    private readonly RowStore _rows;

    public HandlerRun(PageRealm owner, HandlerCall call, IRowSource rows)
    {
        _owner = owner;
        _realm = owner.Realm;
        _call = call;
        _page = new PageRun(_realm, owner.Page.Model, call);
        _rows = new RowStore(_realm, call.Application, rows, readOnly: false);
    }

    /// <summary>Runs it. Whatever happens, the realm is as it was afterwards; <paramref name="spoilt"/> tells that it had better not be used again.</summary>
    public RunResult Run(out bool spoilt)
    {
        spoilt = false;
        _owner.Begin(_page, new RunContext(_rows, _call.User), new RunSeed(_call.Seed));
        try
        {
            return Completed(Invoke());
        }
        catch (RowMissingException e)
        {
            return _page.IsIncomplete ? Incomplete() : new RunResult { Status = RunStatus.RowMissing, Missing = e.Key };
        }
        catch (ScriptThrow e)
        {
            return _page.IsIncomplete ? Incomplete() : Failure.Of(e);
        }
        catch (RunAborted e)
        {
            spoilt = e.Kind == AbortKind.Limit;
            return _page.IsIncomplete && !spoilt ? Incomplete() : Failure.Of(e);
        }
        catch (Exception e)
        {
            // A mistake of the engine itself, or the end of the stack: the realm is thrown away, the reason is told, the lane goes on.
            spoilt = true;
            return new RunResult
            {
                Status = RunStatus.Aborted,
                AbortKind = e is InsufficientExecutionStackException ? AbortKind.Limit : AbortKind.Error,
                Reason = $"the script engine failed: {e.GetType().Name}: {e.Message}",
                Position = _realm.At?.Position,
            };
        }
        finally
        {
            _owner.End();
        }
    }

    private JsValue Invoke()
    {
        var told = _call.Event.IsEmpty ? null : JsonReader.ReadUtf8(_realm, _call.Event.Span).Object;
        if (_call.Handler.Function is { } name)
        {
            var args = HandlerArguments.Read(_owner.World, _call.Args, told);
            var result = Named(name).Call(_call.Handler.ListenerSource is null ? default : This(told), args);
            _page.Changes.Prevent |= told is not null && result.IsBoolean && !result.IsTrue;
            return result;
        }

        var compiled = _owner.Page.Handler(_call.Handler);
        if (compiled.Code is not { } code)
        {
            throw _realm.Abort(compiled.Mistake!, AbortKind.Error, compiled.Position);
        }

        var function = new ScriptFunction(_realm, code, _owner.EmptyScope);
        var answer = function.Call(This(told), [EventObject.Make(_owner.World, told)]);
        _page.Changes.Prevent |= _call.Handler.InlineCode is not null && answer.IsBoolean && !answer.IsTrue;
        return _call.Handler.InlineCode is null ? default : answer;
    }

    private JsFunction Named(string name)
    {
        if (_realm.Global.TryGetOwn(name, out var slot) && slot.Value.Function is { } function)
        {
            return function;
        }

        var (reason, position) = _owner.SetUpFailure is { } failure
            ? ($"the function '{name}' is not there, since a script of the page failed: {failure.Reason}", failure.Position)
            : ($"the page has no function '{name}'", _call.Handler.Position);
        throw _realm.Abort(reason, AbortKind.Error, position);
    }

    /// <summary>The element that the handler is on.</summary>
    private JsValue This(JsObject? told)
    {
        if (_call.Handler.Element is { } element)
        {
            return _owner.World.Element(element);
        }

        var current = EventObject.Element(_owner.World, told, "currentTarget");
        current = current.IsNull ? EventObject.Element(_owner.World, told, "target") : current;
        return current.IsNull ? default : current;
    }

    /// <summary>Encodes what leaves the engine. The result first, since a <c>toJSON</c> in it may still read and write; the rows last.</summary>
    private RunResult Completed(JsValue value)
    {
        var result = Encode(value);
        _owner.CollectGlobals(_page);
        var writes = _page.IsIncomplete ? null : _rows.Writes();
        if (writes is null || _page.IsIncomplete)
        {
            return Incomplete();
        }

        return new RunResult
        {
            Status = RunStatus.Completed,
            Result = result,
            Changes = _page.Changes.IsEmpty ? default : Bytes("page changes", w => _page.Changes.Write(_realm, w)),
            Reads = Reads(),
            Writes = writes,
        };
    }

    private RunResult Incomplete() => new() { Status = RunStatus.InputMissing, Reads = Reads() };

    private ReadOnlyMemory<byte> Reads() => _page.Reads.IsEmpty ? default : Bytes("reads", _page.Reads.Write);

    private ReadOnlyMemory<byte> Encode(JsValue result)
    {
        if (result.IsUndefined || result.Object is JsFunction or ElementObject)
        {
            return default;
        }

        return Bytes("result", w =>
        {
            if (!JsonStringifier.Write(_realm, w, result))
            {
                w.Clear();
            }
        });
    }

    private byte[] Bytes(string what, Action<JsonWriter> write)
    {
        var writer = new JsonWriter(_realm) { ForBytes = true };
        write(writer);
        var bytes = writer.ToUtf8();
        return bytes.Length <= _realm.Limits.MaxAnswerBytes
            ? bytes
            : throw _realm.Limit($"the handler's {what} take {bytes.Length} bytes; at most {_realm.Limits.MaxAnswerBytes} are allowed");
    }
}
