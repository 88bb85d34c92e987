"""Batch jobs: their store, preparation, upload, results and report."""

__all__ = ["batch_files", "batch_service", "batch_store"]
