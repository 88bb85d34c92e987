"""Selecting and copying, also across what is not materialized.

May import `document` and `viewport`.
"""
