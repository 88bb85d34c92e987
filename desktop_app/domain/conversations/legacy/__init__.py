"""Errors and notices that earlier versions stored as sentences.

Imports domain only.
"""
