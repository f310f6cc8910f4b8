using System.Text;
using Mjolnir.Core.Routing;

namespace Mjolnir.Core.Tests.Routing;

public sealed class KeyPredictorTests
{
    [Fact]
    public void Nothing_learned_predicts_nothing() => Assert.Null(new KeyPredictor().Predict("send", Call("alice", "[]", "{}")));

    [Fact]
    public void A_handler_that_needs_its_users_row_is_predicted_by_the_user()
    {
        var predictor = Learned(("alice", "[]", """{"to":{"value":"bob"}}""", ["alice"]), ("carol", "[]", """{"to":{"value":"bob"}}""", ["carol"]));

        Assert.Equal("dora", predictor.Predict("send", Call("dora", "[]", """{"to":{"value":"bob"}}""")));
    }

    [Fact]
    public void A_handler_that_needs_its_first_arguments_row_is_predicted_by_that()
    {
        var predictor = Learned(("teller", """["a","b",5]""", "", ["a", "b"]), ("teller", """["c","d",5]""", "", ["c", "d"]));

        Assert.Equal("x", predictor.Predict("send", Call("teller", """["x","y",5]""", "")));
    }

    [Fact]
    public void A_number_is_a_primary_key_too()
    {
        var predictor = Learned((null, "[17]", "", ["17"]));

        Assert.Equal("42", predictor.Predict("send", Call(null, "[42]", "")));
    }

    [Fact]
    public void An_input_field_is_found_by_its_name_wherever_it_stands()
    {
        var predictor = Learned((null, "[]", """{"a":{"checked":true},"to":{"x":[1],"value":"bob"}}""", ["bob"]));

        Assert.Equal("eve", predictor.Predict("send", Call(null, "[]", """{"to":{"value":"eve"},"z":{"value":"q"}}""")));
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

        Assert.Equal("b", predictor.Predict("send", Call("u", """["a","b"]""", "")));
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
