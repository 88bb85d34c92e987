"""The process that reads documents, and the window's side of it.

The child's modules may import every reader, those of the window's side none.
"""
