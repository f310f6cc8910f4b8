using System.CommandLine;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Roles;
using Mjolnir.Cli.Verbs;

namespace Mjolnir.Cli;

/// <summary>The verbs, and how each of them may end: 0 done, 1 failed in plain words, 2 called wrongly.</summary>
internal static class CommandLine
{
    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Show the stack trace of an error.", Recursive = true };

    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Usage(parsed);
        }

        try
        {
            // The verbs that serve handle Ctrl-C themselves: the second one must end the process at once.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Failed;
        }
        catch (Exception fault)
        {
            return Fail(fault, parsed.GetValue(Verbose));
        }
    }

    private static RootCommand Root() => new("Mjolnir runs web applications written as plain HTML, CSS and JavaScript; event handlers become transactions.")
    {
        Verbose,
        DevVerb.Create(),
        CheckVerb.Create(),
        NewVerb.Create(),
        StatusVerb.Create(),
        BenchVerb.Create(),
        ExportVerb.Create(),
        ImportVerb.Create(),
        UpVerb.Create(),
        RoleVerb.Create("proxy", StackRole.Proxy, "Run the proxy of a cluster.", static () => new ProxyRole()),
        RoleVerb.Create("app", StackRole.App, "Run one app server of a cluster.", static () => new AppRole()),
        RoleVerb.Create("write-behind", StackRole.WriteBehind, "Run the write-behind worker of a V-stack.", static () => new WriteBehindRole()),
        RoleVerb.Create("indexer", StackRole.Indexer, "Run the indexer of a V-stack.", static () => new IndexerRole()),
        ScaleVerb.Create(),
        RecoverVerb.Create(),
        VerifyVerb.Create(),
        SecretsVerb.Create(),
        PublishVerb.Create(),
    };

    private static int Usage(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            Console.Error.WriteLine($"mjolnir: {error.Message}");
        }

        Console.Error.WriteLine("Try: mjolnir --help");
        return ExitCodes.Usage;
    }

    private static int Fail(Exception fault, bool verbose)
    {
        Console.Error.WriteLine($"mjolnir: {fault.Message}");
        if (fault is FailureException { Hint: { } hint })
        {
            Console.Error.WriteLine($"  {hint}");
        }

        if (verbose)
        {
            Console.Error.WriteLine(fault);
        }
        else if (fault is not FailureException)
        {
            Console.Error.WriteLine("  (--verbose shows where)");
        }

        return (fault as FailureException)?.ExitCode ?? ExitCodes.Failed;
    }
}
