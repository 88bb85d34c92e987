"""`repartee import` and `repartee export`."""
