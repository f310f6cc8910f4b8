using Mjolnir.Cli;
using Mjolnir.Scripting.Jint;

// Before the first regular expression anywhere: a process-wide setting that handlers' expressions fall under.
ScriptRuntime.Initialise();
return await CommandLine.RunAsync(args);
