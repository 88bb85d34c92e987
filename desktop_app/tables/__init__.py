"""Tables for asking many: rows of files or data, columns of questions, and their answers."""

__all__: list[str] = []
