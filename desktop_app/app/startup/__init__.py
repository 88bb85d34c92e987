"""Work before and after the window: garbage collection, Qt probe, work on a closed store."""
