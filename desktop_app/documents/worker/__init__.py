"""The process that reads documents, and the window's side of it.

The child may import every reader, the window's side none.
"""
