"""Batch jobs: their store, preparation, upload, results and report."""

__all__: list[str] = []
