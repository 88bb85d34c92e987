"""Saved prompts: texts with variables, and settings of answers."""

__all__ = ["prompt_store"]
