"""viewport."""
