"""Conversations, prompts and evaluations as files.

May import domain, rendering and foreign_file.
"""
