"""The quick prompt in the running program.

Controllers take `ui.quick` and the chat services.
"""
