"""Batch jobs in the window.

Controllers take `ui.batch` and the batch services.
"""
