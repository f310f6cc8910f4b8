namespace Mjolnir.Core.Violations;

/// <summary>A fault that says which rule was broken.</summary>
public interface IViolation
{
    /// <summary>The rule.</summary>
    ViolationKind Kind { get; }
}
