"""Blocks to HTML, Markdown and plain text."""
