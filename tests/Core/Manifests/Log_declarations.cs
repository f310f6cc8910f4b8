using System.Text;
using Mjolnir.Core.Manifests;

namespace Mjolnir.Core.Tests.Manifests;

/// <summary>What the server of a log declares, as the store has it.</summary>
public class Log_declarations
{
    private static readonly LogDeclarations Declared = new("s1.3", ["shop/users/byName(name:t)", "shop/users/byPlace(city:t,day:n)"]);

    [Fact]
    public void Are_read_as_they_were_written_and_their_bytes_stay_what_they_are()
    {
        var bytes = LogDeclarationsCodec.Encode(Declared);
        Assert.StartsWith("""{"format":1,"log":"s1.3","unique":["shop/users/byName(name:t)","shop/users/byPlace(city:t,day:n)"],"check":""", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        var read = LogDeclarationsCodec.Decode("o", bytes);
        Assert.Equal(Declared.Log, read.Log);
        Assert.Equal(Declared.Unique, read.Unique);
    }

    [Fact]
    public void Are_refused_with_any_byte_changed_or_cut_off()
    {
        var bytes = LogDeclarationsCodec.Encode(Declared);
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = bytes.ToArray();
            flipped[i] ^= 1;
            Assert.Throws<CorruptDataException>(() => LogDeclarationsCodec.Decode("o", flipped));
            Assert.Throws<CorruptDataException>(() => LogDeclarationsCodec.Decode("o", bytes.AsSpan(0, i)));
        }
    }
}
