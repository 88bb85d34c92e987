"""`repartee ask` and `repartee summarize`."""
