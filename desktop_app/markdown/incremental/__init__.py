"""Parses a growing source: a stable prefix, an open tail, and patches of blocks."""
