using System.Text;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Manifests;

/// <summary>The registration of a log: <c>{"format":1,"log":"s1.3"}</c> and a line feed. Its format is that of the log's messages and of its manifest, as far as a program must know it before it begins to read them.</summary>
public static class LogRegistrationCodec
{
    private const int Format = 1;

    /// <summary>The bytes of a registration.</summary>
    public static byte[] Encode(string log) => Encoding.UTF8.GetBytes($"{{\"format\":{Format},\"log\":\"{log}\"}}\n");

    /// <summary>Returns if these bytes are the registration of this log.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="log">the log</param>
    /// <param name="bytes">its content</param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static void Require(string objectName, string log, ReadOnlySpan<byte> bytes)
    {
        CheckedJson.RequireFormat(objectName, Format, bytes);
        if (!bytes.SequenceEqual(Encode(log)))
        {
            throw new CorruptDataException("The registration of a log is damaged", objectName);
        }
    }
}
