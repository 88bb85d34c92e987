"""Batch jobs: tables of files with one question, as `repartee batch` shows them."""

__all__: list[str] = []
