"""Conversations, their messages, notices and compactions."""
