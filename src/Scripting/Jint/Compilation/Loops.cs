using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A loop: each turn is a step of the run's budget.</summary>
internal abstract class Loop(string[] labels, Site site) : Statement
{
    /// <summary>Where the loop is written: a loop that runs into a limit is named.</summary>
    protected Site Site => site;

    /// <summary>Runs the body once. False: the loop ends with <paramref name="completion"/>.</summary>
    protected bool Turn(Statement body, Frame frame, out Completion completion)
    {
        frame.Realm.At = site;
        frame.Realm.Tick();
        completion = body.Run(frame);
        if (completion == Completion.Normal)
        {
            return true;
        }

        var mine = frame.Label is null || labels.Contains(frame.Label);
        if (completion == Completion.Return || !mine)
        {
            return false;
        }

        frame.Label = null;
        var goOn = completion == Completion.Continue;
        completion = Completion.Normal;
        return goOn;
    }
}

internal sealed class While(Expression test, Statement body, string[] labels, Site site) : Loop(labels, site)
{
    public override Completion Run(Frame frame)
    {
        while (Operators.ToBoolean(test.Evaluate(frame)))
        {
            if (!Turn(body, frame, out var completion))
            {
                return completion;
            }
        }

        return Completion.Normal;
    }
}

internal sealed class DoWhile(Statement body, Expression test, string[] labels, Site site) : Loop(labels, site)
{
    public override Completion Run(Frame frame)
    {
        do
        {
            if (!Turn(body, frame, out var completion))
            {
                return completion;
            }
        }
        while (Operators.ToBoolean(test.Evaluate(frame)));
        return Completion.Normal;
    }
}

internal sealed class For(Statement? start, Expression? test, Expression? update, Statement body, string[] labels, Site site) : Loop(labels, site)
{
    public override Completion Run(Frame frame)
    {
        start?.Run(frame);
        while (test is null || Operators.ToBoolean(test.Evaluate(frame)))
        {
            if (!Turn(body, frame, out var completion))
            {
                return completion;
            }

            update?.Evaluate(frame);
        }

        return Completion.Normal;
    }
}

/// <summary><c>for (x in o)</c>: own and inherited enumerable keys; those deleted meanwhile are left out.</summary>
internal sealed class ForIn(Target variable, Expression subject, Statement body, string[] labels, Site site) : Loop(labels, site)
{
    public override Completion Run(Frame frame)
    {
        var value = subject.Evaluate(frame);
        if (value.IsNullish)
        {
            return Completion.Normal;
        }

        frame.Realm.At = Site;
        var seen = new HashSet<string>();
        var steps = 0;
        for (var o = Operators.ToObject(frame.Realm, value); o is not null; o = o.Prototype)
        {
            foreach (var key in o.OwnKeys())
            {
                if (!seen.Add(key) || !o.TryGetOwn(key, out var slot) || !slot.Enumerable)
                {
                    continue;
                }

                variable.Store(frame, variable.Prepare(frame), key);
                if (!Turn(body, frame, out var completion))
                {
                    return completion;
                }
            }

            frame.Realm.Step(ref steps);
        }

        return Completion.Normal;
    }
}
