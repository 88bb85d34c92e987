"""Batch jobs and their states.

May import the rest of `domain`.
"""
