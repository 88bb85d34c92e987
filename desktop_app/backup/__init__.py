"""Backups of the whole store, and their restore."""
