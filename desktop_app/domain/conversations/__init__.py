"""Conversations, their messages, notices and compactions.

May import the rest of `domain`.
"""
