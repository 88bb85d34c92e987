"""Addresses and what is sent to them: origins, headers, keys and their redaction.

Imports domain only.
"""
