"""Message layouts, height estimates, placeholders and the splitting of long texts."""
