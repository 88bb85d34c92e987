"""The prompt library and presets in the window.

Controllers take `ui.library` and `ui.composer`.
"""
