"""Batch jobs: preparation, upload, results.

May import domain and its own ports.
"""
