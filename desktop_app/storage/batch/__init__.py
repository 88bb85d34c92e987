"""Batch jobs.

May import `storage.database`, `storage.spending`, and the row conversions of
`storage.conversations`.
"""
