using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Configuration;

namespace Mjolnir.Cli.Up;

/// <summary>What <c>up</c> was asked for.</summary>
/// <param name="Folder">the application's folder</param>
/// <param name="Data">where everything of this cluster on this machine lies</param>
/// <param name="Stacks">V-stacks</param>
/// <param name="Port">the proxy's</param>
/// <param name="MemcachedMegabytes">memory of each memcached</param>
/// <param name="WithServices">RabbitMQ and S3 are started here as well</param>
/// <param name="SignIn">how users sign in</param>
/// <param name="Shared">what all processes are told alike: queue, store, telemetry</param>
internal sealed record UpOptions(string Folder, string Data, int Stacks, int Port, int MemcachedMegabytes, bool WithServices, SignInMode SignIn, StackConfiguration Shared);
