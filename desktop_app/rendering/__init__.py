"""Markdown without Qt: a growing source becomes closed blocks and one open tail."""
