"""The document viewer and collections in the window.

Controllers take `ui.viewer`, `ui.library` and the document services.
"""
