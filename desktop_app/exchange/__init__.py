"""Conversations and prompts as files.

May import domain, rendering and foreign_file.
"""
