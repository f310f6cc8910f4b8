using System.CommandLine;

namespace Mjolnir.Cli.Verbs;

/// <summary>Options that are whole numbers within bounds.</summary>
internal static class Ranges
{
    public static Option<int> Whole(string name, int usual, int least, int most, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            {
                result.AddError($"{name} must be from {least} to {most}.");
            }
        });
        return option;
    }
}
