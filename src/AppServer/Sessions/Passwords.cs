using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// Hashes and checks passwords with the framework's hasher, off the lane and on few cores at once. Checking an unknown user costs the same as a known one, so
/// that time does not tell who exists.
/// </summary>
internal sealed class Passwords
{
    private static readonly object NoUser = new();

    private readonly PasswordHasher<object> _hasher = new();
    private readonly SemaphoreSlim _cores = new(AppServerLimits.PasswordChecksAtOnce);
    private readonly Lazy<string> _nobody;
    private int _waiting;

    public Passwords() => _nobody = new Lazy<string>(() => _hasher.HashPassword(NoUser, Convert.ToHexString(RandomNumberGenerator.GetBytes(16))));

    /// <summary>The hash of a new password; null if too many wait.</summary>
    public async ValueTask<string?> HashAsync(string password, CancellationToken cancellationToken)
    {
        string? hash = null;
        return await OnACoreAsync(() => hash = _hasher.HashPassword(NoUser, password), cancellationToken) ? hash : null;
    }

    /// <summary>Whether the password is right; null if too many wait.</summary>
    /// <param name="hash">the user's hash; null for a user who does not exist, whose password is always wrong</param>
    /// <param name="password">what was typed</param>
    /// <param name="cancellationToken">the request's</param>
    public async ValueTask<bool?> CheckAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        var right = false;
        var done = await OnACoreAsync(
            () => right = _hasher.VerifyHashedPassword(NoUser, hash ?? _nobody.Value, password) != PasswordVerificationResult.Failed && hash is not null,
            cancellationToken);
        return done ? right : null;
    }

    private async ValueTask<bool> OnACoreAsync(Action work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > AppServerLimits.WaitingPasswordChecks)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            await _cores.WaitAsync(cancellationToken);
            try
            {
                await Task.Run(work, cancellationToken);
                return true;
            }
            finally
            {
                _cores.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
