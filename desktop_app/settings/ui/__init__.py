"""The settings panel: its frame and pages."""
