// One installation at a time: the tests measure times and fill disks, and a second one beside them would be seen in both.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
