namespace Mjolnir.Scripting.Applications;

/// <summary>What an application may be. Past a limit stands a diagnostic, never a crash or a wait.</summary>
public static class ApplicationLimits
{
    /// <summary>Bytes of one file. All files are held in memory and compressed once; larger ones belong on a file server.</summary>
    public const int MaxFileBytes = 32 * 1024 * 1024;

    /// <summary>Bytes of all files together: an application is memory of every app server.</summary>
    public const long MaxTotalBytes = 512L * 1024 * 1024;

    /// <summary>Files of an application: beyond it the folder is most likely not the one that was meant.</summary>
    public const int MaxFiles = 10_000;

    /// <summary>Bytes of an HTML page: it is parsed as a whole on each load, and served whole to each visitor.</summary>
    public const int MaxPageBytes = 4 * 1024 * 1024;

    /// <summary>Characters of a script that is looked at; a larger one (a bundled library) runs in the browser only.</summary>
    public const int MaxScriptChars = 2 * 1024 * 1024;

    /// <summary>
    /// Open brackets, and operators or statements without brackets, that may be nested in a script. The parser descends once for each (about 3 kB of
    /// stack, measured with nested arrays), so <see cref="LoaderStackBytes"/> holds them some ten times over.
    /// </summary>
    public const int MaxScriptNesting = 1_000;

    /// <summary>Bytes of stack of the thread that loads an application: source text decides how deep its parsers go.</summary>
    public const int LoaderStackBytes = 64 * 1024 * 1024;

    /// <summary>Mistakes told of one file; who has more has one mistake many times.</summary>
    public const int MaxDiagnosticsPerFile = 100;

    /// <summary>Characters of an application's name: it is the first part of every row key, which a cache key (250 bytes) must hold.</summary>
    public const int MaxNameLength = 32;

    /// <summary>Characters of a table's or column's name; the table's is part of every row key too.</summary>
    public const int MaxTableNameLength = 48;

    /// <summary>Templates of a page: each is evaluated for each visitor on each change.</summary>
    public const int MaxTemplatesPerPage = 5_000;

    /// <summary>Largest whole number that a double holds exactly, 2^53: ECMAScript's numbers are doubles.</summary>
    public const long MaxInteger = 1L << 53;
}
