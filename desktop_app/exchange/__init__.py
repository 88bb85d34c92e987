"""Conversations as files.

May import domain and rendering.
"""
