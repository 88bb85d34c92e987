"""Attachments by content hash, what removes them, and notes on them."""
