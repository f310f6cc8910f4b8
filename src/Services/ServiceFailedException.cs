namespace Mjolnir.Services;

/// <summary>A service cannot be started, or ended unasked. The message is for operators: which program, what it said, what to do.</summary>
public class ServiceFailedException(string message, Exception? inner = null) : Exception(message, inner);
