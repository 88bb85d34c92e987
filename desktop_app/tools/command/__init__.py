"""`repartee tools` and `repartee mcp`."""
