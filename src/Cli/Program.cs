using Mjolnir.Cli;

return await CommandLine.RunAsync(args);
