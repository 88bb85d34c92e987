"""Selecting and copying, also across messages that are not materialized."""
