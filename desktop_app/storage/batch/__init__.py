"""Batch jobs.

May import `storage.database`.
"""
