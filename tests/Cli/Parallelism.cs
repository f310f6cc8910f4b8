// The tests start whole servers and hold some of them against the clock: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
