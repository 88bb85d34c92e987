"""Conversations, messages, requests, replies, presets and prompts.

May import the rest of `domain`.
"""
