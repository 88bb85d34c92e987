"""Selecting and copying, also across messages that are not materialized.

May import `document`, `layout`, `media` and `viewport`.
"""
