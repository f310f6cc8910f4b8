using System.Globalization;
using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;

namespace Mjolnir.Core.Tests.Routing;

public sealed class KeyPredictorTests
{
    [Fact]
    public void Nothing_learned_predicts_nothing() => Assert.Equal(KeyPredictor.Unknown, new KeyPredictor().PredictSlot("send", Call("alice", "[]", "{}")));

    [Fact]
    public void A_handler_that_needs_its_users_row_is_predicted_by_the_user()
    {
        var predictor = Learned(("alice", "[]", """{"to":{"value":"bob"}}""", ["alice"]), ("carol", "[]", """{"to":{"value":"bob"}}""", ["carol"]));

        Assert.Equal([SlotOf("dora")], Predict(predictor, Call("dora", "[]", """{"to":{"value":"bob"}}""")));
    }

    [Fact]
    public void A_handler_that_needs_its_first_arguments_row_is_predicted_by_that()
    {
        var predictor = Learned(("teller", """["a","b",5]""", "", ["a"]), ("teller", """["c","d",5]""", "", ["c"]));

        Assert.Equal([SlotOf("x")], Predict(predictor, Call("teller", """["x","y",5]""", "")));
    }

    [Fact]
    public void A_handler_that_touches_several_rows_is_predicted_by_all_that_name_them()
    {
        var predictor = Learned(("alice", "[5]", """{"to":{"value":"bob"}}""", ["alice", "bob"]), ("carol", "[7]", """{"to":{"value":"dora"}}""", ["carol", "dora"]));

        var slots = Predict(predictor, Call("eve", "[5]", """{"amount":{"value":"9"},"to":{"value":"fred"}}"""));

        Assert.Equal(new[] { SlotOf("eve"), SlotOf("fred") }.Order(), slots.Order());
    }

    [Fact]
    public void The_hottest_row_comes_first_wherever_it_stands()
    {
        var predictor = Learned(("teller", """["a","b"]""", "", ["a", "b"]));
        for (var i = 0; i < 20; i++)
        {
            predictor.PredictSlot("send", Call("teller", $$"""["cold{{i}}","hot"]""", ""));
        }

        for (var i = 20; i < 200; i++)
        {
            Assert.Equal(SlotOf("hot"), predictor.PredictSlot("send", Call("teller", $$"""["hot","cold{{i}}"]""", "")));
            Assert.Equal(SlotOf("hot"), predictor.PredictSlot("send", Call("teller", $$"""["cold{{i}}","hot"]""", "")));
        }
    }

    [Fact]
    public void Two_cold_rows_have_one_place_whichever_comes_first()
    {
        var predictor = Learned(("teller", """["a","b"]""", "", ["a", "b"]));

        Assert.Equal(predictor.PredictSlot("send", Call("teller", """["x","y"]""", "")), predictor.PredictSlot("send", Call("teller", """["y","x"]""", "")));
    }

    [Fact]
    public void What_was_hot_cools_down()
    {
        var predictor = Learned(("teller", """["a","b"]""", "", ["a", "b"]));
        for (var i = 0; i < 1000; i++)
        {
            predictor.PredictSlot("send", Call("teller", """["once"]""", ""));
        }

        for (var i = 0; i < 12 * RoutingLimits.HeatWindow; i++)
        {
            predictor.PredictSlot("send", Call("teller", $"[{i % 5000}]", ""));
        }

        for (var i = 0; i < 200; i++)
        {
            predictor.PredictSlot("send", Call("teller", """["now"]""", ""));
        }

        Assert.Equal(SlotOf("now"), predictor.PredictSlot("send", Call("teller", """["once","now"]""", "")));
    }

    [Theory]
    [InlineData("a b/c%\u007f\n")]
    [InlineData("{alice}1")]
    [InlineData("{}x")]
    [InlineData("{open")]
    [InlineData("ünï漢𝄞\"\\")]
    public void A_slot_is_that_of_the_row(string primaryKey)
    {
        var predictor = Learned((null, """["a"]""", "", ["a"]));

        Assert.Equal(SlotOf(primaryKey), predictor.PredictSlot("send", Call(null, System.Text.Json.JsonSerializer.Serialize(new[] { primaryKey }), "")));
    }

    [Fact]
    public void A_number_is_a_primary_key_too()
    {
        var predictor = Learned((null, "[17]", "", ["17"]));

        Assert.Equal(SlotOf("42"), predictor.PredictSlot("send", Call(null, "[42]", "")));
    }

    [Fact]
    public void An_input_field_is_found_by_its_name_wherever_it_stands()
    {
        var predictor = Learned((null, "[]", """{"a":{"checked":true},"to":{"x":[1],"value":"bob"}}""", ["bob"]));

        Assert.Equal([SlotOf("eve")], Predict(predictor, Call(null, "[]", """{"to":{"y":{"value":"no"},"value":"eve"},"q":7,"z":{"value":"q"}}""")));
        Assert.Equal([SlotOf("eve")], Predict(predictor, Call(null, "[[1],{\"value\":2}]", """{"z":{"value":"q"},"e":{},"\u0074o":{"value":"\u0065ve"}}""")));
    }

    [Theory]
    [InlineData("""["\ud800"]""")]
    [InlineData("""[1.5]""")]
    [InlineData("""[""]""")]
    [InlineData("""[[["x"]]]""")]
    [InlineData("")]
    public void What_can_be_no_key_predicts_nothing(string args)
    {
        var predictor = Learned((null, """["a"]""", "", ["a"]));

        Assert.Equal(KeyPredictor.Unknown, predictor.PredictSlot("send", Call(null, args, "")));
    }

    [Fact]
    public void Habits_that_change_are_learned_anew()
    {
        var predictor = new KeyPredictor();
        for (var i = 0; i < 40; i++)
        {
            predictor.Learn("send", Call("u", """["a","b"]""", ""), ["a"]);
        }

        for (var i = 0; i < 40; i++)
        {
            predictor.Learn("send", Call("u", """["a","b"]""", ""), ["b"]);
        }

        Assert.Equal([SlotOf("b")], Predict(predictor, Call("u", """["a","b"]""", "")));
    }

    [Fact]
    public void Made_up_fields_do_not_keep_real_ones_from_being_learned()
    {
        var predictor = new KeyPredictor();
        for (var i = 0; i < 10 * RoutingLimits.Sources; i++)
        {
            predictor.Learn("send", Call(null, "[]", $$$"""{"x{{{i}}}":{"value":"junk"}}"""), ["bob"]);
        }

        predictor.Learn("send", Call(null, "[]", """{"to":{"value":"bob"}}"""), ["bob"]);

        Assert.Equal([SlotOf("eve")], Predict(predictor, Call(null, "[]", """{"to":{"value":"eve"}}""")));
    }

    [Fact]
    public void It_wants_every_call_at_first_and_then_few()
    {
        var predictor = new KeyPredictor();
        var wanted = 0;
        for (var i = 0; i < 1000; i++)
        {
            if (predictor.WantsToLearn("send"))
            {
                wanted++;
                predictor.Learn("send", Call("u", "[]", ""), ["u"]);
            }
        }

        Assert.InRange(wanted, RoutingLimits.FirstLessons, RoutingLimits.FirstLessons + (1000 / RoutingLimits.LessonEvery) + 1);
    }

    [Fact]
    public void Predicting_allocates_nothing()
    {
        var predictor = Learned(("u", """["a","b"]""", """{"to":{"value":"c"}}""", ["u", "a", "b", "c"]));
        var call = Call("u", """["a","b"]""", """{"to":{"value":"c"}}""");
        predictor.PredictSlot("send", call);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            predictor.PredictSlot("send", call);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Heat_is_about_the_number_of_touches()
    {
        var heat = new HeatTable();
        for (var i = 0; i < 10_000; i++)
        {
            heat.Touch(XxHash64.Hash(Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture))));
        }

        var hot = XxHash64.Hash("hot"u8);
        for (var i = 1; i < 1000; i++)
        {
            Assert.InRange(heat.Touch(hot), i, i + 3);
        }
    }

    private static int SlotOf(string primaryKey) => Slots.Of(Samples.Key("users", primaryKey));

    private static int[] Predict(KeyPredictor predictor, in CallParts call)
    {
        Span<int> slots = stackalloc int[RoutingLimits.Predicted];
        return slots[..predictor.PredictSlots("send", call, slots)].ToArray();
    }

    private static KeyPredictor Learned(params (string? User, string Args, string Inputs, string[] Touched)[] calls)
    {
        var predictor = new KeyPredictor();
        foreach (var (user, args, inputs, touched) in calls)
        {
            predictor.Learn("send", Call(user, args, inputs), touched);
        }

        return predictor;
    }

    private static CallParts Call(string? user, string args, string inputs) => new(user, Encoding.UTF8.GetBytes(args), Encoding.UTF8.GetBytes(inputs));
}
