namespace Mjolnir.Cli.Bench.Run;

/// <summary>What the command line asked for.</summary>
/// <param name="Users">accounts, each with the same money at first</param>
/// <param name="Seconds">measured</param>
/// <param name="Clients">connections, one request under way on each</param>
/// <param name="Skew">Zipf's exponent; 0 is uniform</param>
/// <param name="Stacks">V-stacks of the server</param>
/// <param name="Report">HTML file to write, or null</param>
/// <param name="Url">a server that runs already, serving the bank on its own data; null: start one</param>
/// <param name="InProcess">without HTTP: transactions handed to the stacks directly</param>
/// <param name="Seed">of the choice of accounts</param>
/// <param name="Rate">transfers a second in all; 0: as many as go</param>
internal sealed record BenchOptions(int Users, int Seconds, int Clients, double Skew, int Stacks, string? Report, Uri? Url, bool InProcess, int Seed, int Rate);
