using System.Globalization;
using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Scripting.Applications;

/// <summary>The version of an application: xxHash64, as sixteen hexadecimal digits, over the paths and hashes of all its files in order.</summary>
internal static class ApplicationVersion
{
    public static string Of(IEnumerable<SourceFile> files)
    {
        var text = new StringBuilder();
        foreach (var file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            text.Append(file.Path).Append('\0').Append(Hex(XxHash64.Hash(file.Bytes.Span))).Append('\n');
        }

        return Hex(XxHash64.Hash(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Hex(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);
}
