"""Batch jobs: preparation, upload, results.

May import domain, `ports` and the other services.
"""
