using Mjolnir.AppServer.Http;

namespace Mjolnir.Cli.Dev;

/// <summary>What the command line asked for.</summary>
internal sealed record DevOptions(string Folder, string Data, int Port, int Stacks, SignInMode SignIn, bool Reload, bool RateLimit);
