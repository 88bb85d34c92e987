"""The settings panel, the spending tables, and links to places of the window.

Of the other features it imports `export.text_file`.
"""
