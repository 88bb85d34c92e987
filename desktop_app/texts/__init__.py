"""Texts beside conversations: their changes, the tool that proposes them (`chat/text_store`)."""

__all__: list[str] = []
