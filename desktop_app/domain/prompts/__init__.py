"""Saved prompts with variables, and presets.

Imports domain only.
"""
