"""Batch jobs in the window."""
