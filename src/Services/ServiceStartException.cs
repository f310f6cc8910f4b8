namespace Mjolnir.Services;

/// <summary>A service did not come up; the message says why and what can be done.</summary>
public sealed class ServiceStartException(string message, Exception? inner = null) : Exception(message, inner);
