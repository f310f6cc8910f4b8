using System.Net;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Rows;
using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>The world of an application's templates on one lane: the language, <c>mjolnir</c>, and its members without the prefix; nothing of the pages.</summary>
internal sealed class TemplateRealm
{
    private readonly Realm _realm;
    private RunContext? _context;

    public TemplateRealm(ScriptLimits limits, TimeProvider time)
    {
        _realm = new Realm(limits, time);
        var mjolnir = MjolnirObject.Install(_realm, () => _context!);
        foreach (var name in new[] { "table", "kv" })
        {
            _realm.Global.Set(name, mjolnir.Get(name));
        }

        mjolnir.TryGetOwn("user", out var user);
        _realm.Global.Define("user", new Descriptor { HasGetter = true, Getter = user.Accessor!.Getter });
        _realm.Seal();
    }

    public RenderResult Render(Application application, CompiledPage compiled, Page page, string? user, TransactionSeed seed, IRowSource rows)
    {
        _realm.Seed = new RunSeed(seed);
        _realm.Journal.Open = true;
        _context = new RunContext(new RowStore(_realm, application, rows, readOnly: true), user);
        _realm.StartBudget(_realm.Limits.Timeout);
        var failures = new List<Diagnostic>();
        try
        {
            return new RenderResult
            {
                Status = RunStatus.Completed,
                Values = [.. page.Templates.Select(t => Template(compiled, t, failures))],
                Failures = failures,
            };
        }
        catch (RowMissingException e)
        {
            return new RenderResult { Status = RunStatus.RowMissing, Missing = e.Key };
        }
        catch (RunAborted e) when (e.Kind == AbortKind.Limit)
        {
            return new RenderResult { Status = RunStatus.Aborted, Failures = [new Diagnostic(e.Position ?? new SourcePosition(page.Path, 1, 1), e.Message, null)] };
        }
        finally
        {
            _context = null;
            _realm.Journal.Undo();
        }
    }

    private string Template(CompiledPage compiled, Template template, List<Diagnostic> failures)
    {
        var text = string.Concat(template.Parts.Select(part => part.Literal ?? Part(compiled, template.Kind, part, failures)));
        if (template.Kind != TemplateKind.Address || TemplateAddress.Checked(text, template.Parts[0].Literal) is var address && (object)address == text)
        {
            return text;
        }

        failures.Add(new Diagnostic(template.Position, "this address has a scheme that could run code, so it is not given out", "Values may begin with http:, https:, mailto: and the like, or be paths."));
        return address;
    }

    private string Part(CompiledPage compiled, TemplateKind kind, TemplatePart part, List<Diagnostic> failures)
    {
        var code = compiled.Template(part);
        if (code.Code is null)
        {
            failures.Add(new Diagnostic(code.Position ?? part.Position, code.Mistake!, null));
            return "";
        }

        try
        {
            _realm.Depth = 0;
            var value = code.Code.Evaluate(new Frame(_realm, new Scope(_realm, [], null), default));
            var (text, raw) = Filters.Apply(_realm, value, part.Filters);
            return kind == TemplateKind.Text && !raw ? WebUtility.HtmlEncode(text) : text;
        }
        catch (ScriptThrow e)
        {
            failures.Add(new Diagnostic(e.Site?.Position ?? part.Position, Failure.Describe(e.Value), null));
            return "";
        }
        catch (RunAborted e) when (e.Kind != AbortKind.Limit)
        {
            failures.Add(new Diagnostic(e.Position ?? part.Position, e.Message, null));
            return "";
        }
    }
}
