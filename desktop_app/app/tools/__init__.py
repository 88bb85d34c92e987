"""Tools: the user's consent to calls.

Controllers take `ui.tools`, `ui.window` and the tool services.
"""
