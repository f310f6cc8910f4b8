// Each of these tests starts whole servers or clusters: one after another, so that none waits for the others' load.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
