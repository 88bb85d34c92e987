"""The theme, the icons, and shapes that several widgets paint."""
