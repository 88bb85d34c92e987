"""`repartee table`."""
