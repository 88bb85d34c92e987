"""The conversation list: presenter, folders, trash, search, backup, transfer.

Controllers take `ui.sidebar` and the stores.
"""
