"""The Markdown that models write, parsed into blocks and runs."""
