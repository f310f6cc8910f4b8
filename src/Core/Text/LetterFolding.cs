using System.Text;

namespace Mjolnir.Core.Text;

/// <summary>Small letters without accents, so that however a word is written it is found. Latin letters with accents become plain ones; other scripts only lose their capitals.</summary>
internal static class LetterFolding
{
    // The first letter of each group, then what it stands for. Written out, as the runtime is built without the tables of Unicode's decompositions.
    private static readonly string[] Groups =
    [
        "aàáâãäåāăąǎǟǡǻȁȃȧạảấầẩẫậắằẳẵặ", "cçćĉċč", "dďđð", "eèéêëēĕėęěȅȇȩẹẻẽếềểễệ", "gĝğġģǧǵ", "hĥħȟ", "iìíîïĩīĭįıǐȉȋỉị", "jĵǰ", "kķǩ", "lĺļľŀł",
        "nñńņňŉǹ", "oòóôõöøōŏőǒǫǭȍȏȫȭȯȱọỏốồổỗộơớờởỡợ", "rŕŗřȑȓ", "sśŝşšș", "tţťŧț", "uùúûüũūŭůűųǔǖǘǚǜȕȗụủưứừửữự", "wŵ", "yýÿŷȳỳỵỷỹ", "zźżž",
    ];

    private static readonly Dictionary<char, string> Plain = Groups
        .SelectMany(group => group[1..].Select(letter => KeyValuePair.Create(letter, group[..1])))
        .Concat([KeyValuePair.Create('ß', "ss"), KeyValuePair.Create('æ', "ae"), KeyValuePair.Create('œ', "oe"), KeyValuePair.Create('þ', "th"), KeyValuePair.Create('ё', "е")])
        .ToDictionary();

    /// <summary>True for an accent that stands behind its letter as a character of its own.</summary>
    public static bool IsAccent(int value) => value is >= 0x300 and <= 0x36F;

    public static void Append(StringBuilder target, Rune rune)
    {
        if (IsAccent(rune.Value))
        {
            return;
        }

        var small = Rune.ToLowerInvariant(rune);
        if (small.IsBmp && Plain.TryGetValue((char)small.Value, out var plain))
        {
            target.Append(plain);
        }
        else
        {
            target.Append(small.ToString());
        }
    }
}
