"""Saved prompts with variables, and presets."""

__all__ = ["preset", "preset_json", "prompt", "prompt_library", "prompt_store"]
