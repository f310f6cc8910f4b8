namespace Mjolnir.Core.Violations;

/// <summary>One broken rule that was found: what an operator is told.</summary>
/// <param name="Kind">which rule</param>
/// <param name="Part">what stops because of it, in plain words: <c>log s1.3</c>, <c>row bank/users/alice</c>, <c>shard s1</c></param>
/// <param name="What">what was found, naming key, log, batch or object</param>
public sealed record Violation(ViolationKind Kind, string Part, string What)
{
    /// <summary>True if a fault is a broken rule or damage, and nothing that passes by itself.</summary>
    public static bool Is(Exception fault) => fault is IViolation;

    /// <summary>The violation that a fault tells of; a fault that is none breaks a rule without a name.</summary>
    public static Violation Of(string part, Exception fault) => new((fault as IViolation)?.Kind ?? ViolationKind.BrokenRule, part, fault.Message);
}
