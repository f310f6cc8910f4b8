using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mjolnir.Core.Violations;

namespace Mjolnir.Core;

/// <summary>A rule of the protocol was found broken: the part concerned stops, nothing is guessed.</summary>
/// <param name="message">what is wrong, naming key, log or batch, for an operator</param>
/// <param name="kind">which rule</param>
public sealed class InvariantException(string message, ViolationKind kind = ViolationKind.BrokenRule) : Exception(message), IViolation
{
    /// <inheritdoc/>
    public ViolationKind Kind { get; } = kind;
}

/// <summary>Assertions that stay on in Release: a broken invariant stops the part concerned instead of spreading.</summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantException"/> unless <paramref name="condition"/> holds.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref RequireMessage message)
    {
        if (!condition)
        {
            throw new InvariantException(message.ToString());
        }
    }

    /// <summary>Throws an <see cref="InvariantException"/> of this kind unless <paramref name="condition"/> holds.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        ViolationKind kind,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref RequireMessage message)
    {
        if (!condition)
        {
            throw new InvariantException(message.ToString(), kind);
        }
    }

    /// <summary>Throws <see cref="InvariantException"/> unless <paramref name="condition"/> holds.</summary>
    public static void Require([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
        {
            throw new InvariantException(message);
        }
    }

    /// <summary>Builds the message only when the condition failed, so a check costs a branch.</summary>
    [InterpolatedStringHandler]
    public ref struct RequireMessage
    {
        private DefaultInterpolatedStringHandler _inner;

        /// <summary>Called by the compiler; asks for the parts only when <paramref name="condition"/> is false.</summary>
        public RequireMessage(int literalLength, int formattedCount, bool condition, out bool wanted)
        {
            wanted = !condition;
            _inner = wanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
        }

        /// <summary>Called by the compiler.</summary>
        public void AppendLiteral(string value) => _inner.AppendLiteral(value);

        /// <summary>Called by the compiler.</summary>
        public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

        /// <summary>The message.</summary>
        public override string ToString() => _inner.ToStringAndClear();
    }
}
