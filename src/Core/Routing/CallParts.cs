namespace Mjolnir.Core.Routing;

/// <summary>Where in a call a value stands.</summary>
/// <param name="Kind">user, argument or input</param>
/// <param name="Index">of an argument, from 0</param>
/// <param name="Name">of an input field</param>
public readonly record struct CallSource(CallSourceKind Kind, int Index, string? Name);

/// <summary>Parts of a call.</summary>
public enum CallSourceKind
{
    /// <summary>The signed-in user's name.</summary>
    User,

    /// <summary>An argument that is a string or a number.</summary>
    Argument,

    /// <summary>The <c>value</c> of an input field.</summary>
    Input,
}

/// <summary>The parts of a call that may name a row.</summary>
/// <param name="User">the signed-in user, or null</param>
/// <param name="Args">JSON array, or empty; known to be valid</param>
/// <param name="Inputs">JSON object of fields (docs/design/pages.md), or empty; known to be valid</param>
public readonly record struct CallParts(string? User, ReadOnlyMemory<byte> Args, ReadOnlyMemory<byte> Inputs);
