"""The settings panel and spending.

Controllers take `ui.settings`, `ui.spending` and the stores.
"""
