"""The quick prompt, called from the keyboard wherever the user is."""

__all__: list[str] = []
