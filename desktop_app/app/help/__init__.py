"""The help: renders its chapters and opens them at the section that fits the focus."""
