namespace Mjolnir.Memcached.Wire;

/// <summary>What an answer means for the operation that it answers.</summary>
internal static class AnswerMeaning
{
    /// <summary>The status; null: this is no answer to such an operation, the stream is out of step.</summary>
    public static MemcachedStatus? Of(MemcachedVerb verb, in ServerAnswer answer) => verb switch
    {
        MemcachedVerb.Get => OfGet(answer, leasing: false),
        MemcachedVerb.GetOrLease => OfGet(answer, leasing: true),
        MemcachedVerb.Set or MemcachedVerb.Add or MemcachedVerb.CompareAndSet => OfMetaSet(verb, answer),
        MemcachedVerb.AddKeeping or MemcachedVerb.CompareAndSetKeeping => OfClassicSet(verb, answer),
        MemcachedVerb.CompareAndDelete => answer.Kind switch
        {
            AnswerKind.Done => MemcachedStatus.Done,
            AnswerKind.OtherToken => MemcachedStatus.Conflict,
            AnswerKind.NotFound => MemcachedStatus.NotFound,
            _ => null,
        },
        MemcachedVerb.Statistics => answer.Kind == AnswerKind.Lines ? MemcachedStatus.Hit : null,
        _ => answer.Kind switch
        {
            AnswerKind.Ok => MemcachedStatus.Done,
            AnswerKind.Refused => MemcachedStatus.Refused,
            _ => null,
        },
    };

    /// <summary>True if the answer must repeat the operation's number: all meta answers do but a miss and errors.</summary>
    public static bool MustRepeatOpaque(AnswerKind kind, MemcachedVerb verb) => kind switch
    {
        AnswerKind.Value or AnswerKind.Done => true,
        AnswerKind.NotStored or AnswerKind.OtherToken or AnswerKind.NotFound => verb is not (MemcachedVerb.AddKeeping or MemcachedVerb.CompareAndSetKeeping),
        _ => false,
    };

    private static MemcachedStatus? OfGet(in ServerAnswer answer, bool leasing)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Miss:
                // Asked for a lease, a miss means that there was no memory for it.
                return leasing ? MemcachedStatus.NoMemory : MemcachedStatus.Miss;
            case AnswerKind.Value when answer.Value.Length == 0 && (answer.Won || answer.Held):
                return !leasing ? MemcachedStatus.Miss : answer.Won ? MemcachedStatus.LeaseWon : MemcachedStatus.LeaseHeld;
            case AnswerKind.Value:
                return MemcachedStatus.Hit;
            default:
                return null;
        }
    }

    private static MemcachedStatus? OfMetaSet(MemcachedVerb verb, in ServerAnswer answer) => answer.Kind switch
    {
        AnswerKind.Done => MemcachedStatus.Stored,
        AnswerKind.NotStored when verb == MemcachedVerb.Add => MemcachedStatus.Exists,
        AnswerKind.OtherToken when verb == MemcachedVerb.CompareAndSet => MemcachedStatus.Conflict,
        AnswerKind.NotFound when verb == MemcachedVerb.CompareAndSet => MemcachedStatus.NotFound,

        // memcached 1.6.18 has deleted what was there, so that nobody reads what should have been replaced.
        AnswerKind.NoMemory or AnswerKind.TooLarge => MemcachedStatus.Lost,
        _ => null,
    };

    private static MemcachedStatus? OfClassicSet(MemcachedVerb verb, in ServerAnswer answer) => answer.Kind switch
    {
        AnswerKind.Stored => MemcachedStatus.Stored,
        AnswerKind.NotStored when verb == MemcachedVerb.AddKeeping => MemcachedStatus.Exists,
        AnswerKind.OtherToken when verb == MemcachedVerb.CompareAndSetKeeping => MemcachedStatus.Conflict,
        AnswerKind.NotFound when verb == MemcachedVerb.CompareAndSetKeeping => MemcachedStatus.NotFound,
        AnswerKind.NoMemory => MemcachedStatus.NoMemory,
        AnswerKind.TooLarge => MemcachedStatus.TooLarge,
        _ => null,
    };
}
