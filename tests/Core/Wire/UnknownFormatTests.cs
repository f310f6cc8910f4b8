using System.Text;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;

namespace Mjolnir.Core.Tests.Wire;

/// <summary>What a later release wrote is refused by its number, not guessed at, and not taken for damage. Batches, envelopes and manifest entries have the same beside their other tests.</summary>
public sealed class UnknownFormatTests
{
    [Fact]
    public void Of_a_view_is_refused_by_its_number()
    {
        var view = new ClusterView(1, [new ShardDescription("s1", "label")], [new SlotRange(0, 4095, 0, 1)], []);
        Refused("format 9", () => ViewCodec.Decode("registry/views/1", OfFormat9(ViewCodec.Encode(view))), "registry/views/1");
    }

    [Fact]
    public void Of_a_run_chain_entry_is_refused_by_its_number() =>
        Refused("format 9", () => RunChainCodec.Decode("runs/1", OfFormat9(RunChainCodec.Encode(RunChainEntry.Empty with { Number = 1 }))), "runs/1");

    [Fact]
    public void Of_a_logs_registration_is_refused_by_its_number()
    {
        Refused("format 9", () => LogRegistrationCodec.Require("registry/logs/s1.3.json", "s1.3", OfFormat9(LogRegistrationCodec.Encode("s1.3"))), "registry/logs/s1.3.json");
        Refused("damaged", () => LogRegistrationCodec.Require("registry/logs/s1.3.json", "s1.3", LogRegistrationCodec.Encode("s1.4")), "registry/logs/s1.3.json");
        LogRegistrationCodec.Require("registry/logs/s1.3.json", "s1.3", "{\"format\":1,\"log\":\"s1.3\"}\n"u8);
    }

    [Fact]
    public void Of_a_segment_is_refused_by_its_number()
    {
        var segment = new SegmentWriter();
        segment.Add(new SegmentRow(Samples.Key("users", "bob"), Samples.Row(1, "s1.1", 1, "{}")));
        var bytes = segment.Finish();
        bytes[^(SegmentFooter.Size - FormatAt)] = 9;
        Refused("format 9", () => SegmentFooter.Decode("segment", bytes.Length, bytes), "segment");
    }

    /// <summary>Where the format stands in a footer: <see cref="SegmentFooter"/>.</summary>
    private const int FormatAt = 16;

    private static byte[] OfFormat9(byte[] json)
    {
        var text = Encoding.UTF8.GetString(json);
        return Encoding.UTF8.GetBytes("{\"format\":9" + text[text.IndexOf(',', StringComparison.Ordinal)..]);
    }

    private static void Refused(string reason, Action read, string name)
    {
        var fault = Assert.Throws<CorruptDataException>(read);
        Assert.Contains(reason, fault.Message);
        Assert.Equal(name, fault.ObjectName);
    }
}
