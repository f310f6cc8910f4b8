namespace Mjolnir.Scripting.Applications;

/// <summary>Says in plain words what the JSON reader did not like.</summary>
internal static class JsonMistake
{
    // The reader's message ends with its own way of saying where; the diagnostic has the place already.
    public static string Message(Exception mistake)
    {
        var message = mistake.Message;
        var place = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return "this is not JSON: " + (place > 0 ? message[..place] : message).TrimEnd('.', ' ');
    }

    public static string? Hint(ReadOnlySpan<byte> bytes, int offset)
    {
        var at = Math.Clamp(offset, 0, bytes.Length);
        var rest = bytes[at..];
        var before = bytes[..at].TrimEnd(" \t\r\n"u8);
        if (rest.StartsWith("/"u8))
        {
            return "JSON has no comments: remove it.";
        }

        if (rest.StartsWith("'"u8))
        {
            return "Write strings in double quotes.";
        }

        if ((rest.StartsWith("}"u8) || rest.StartsWith("]"u8)) && before.EndsWith(","u8))
        {
            return "Remove the comma before the closing bracket.";
        }

        if (bytes.TrimEnd(" \t\r\n"u8).Length <= at)
        {
            return bytes.Length == 0 ? "Start with {}." : "The file ends too early: a bracket or quote is not closed.";
        }

        return before.EndsWith("\""u8) || before.EndsWith("}"u8) || before.EndsWith("]"u8) ? "A comma may be missing before this." : null;
    }
}
