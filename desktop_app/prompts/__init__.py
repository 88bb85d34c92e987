"""Saved prompts with variables, and presets."""

__all__ = ["prompt_library", "prompt_store"]
