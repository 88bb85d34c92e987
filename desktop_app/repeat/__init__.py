"""Prompts that are asked again at their times: their rules and their store."""

__all__: list[str] = []
