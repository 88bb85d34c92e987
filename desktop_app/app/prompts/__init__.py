"""The prompt library and presets in the window.

Of the other features it imports the shared objects of `attachments`, `chat` and `export`.
"""
