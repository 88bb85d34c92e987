"""Conversations in and out of the program as files."""
