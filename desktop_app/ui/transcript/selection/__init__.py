"""Selecting and copying, also across messages that are not materialized.

May import `document` and `viewport`.
"""
