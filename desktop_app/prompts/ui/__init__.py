"""The prompt library and presets in the window."""
