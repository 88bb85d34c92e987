"""`repartee batch`."""
