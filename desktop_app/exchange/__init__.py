"""Conversations as files: import, export, printing."""
