"""`repartee search` and `repartee repair`."""
