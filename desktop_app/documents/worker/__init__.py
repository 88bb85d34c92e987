"""The process that reads documents, and the parent process's side of it.

The child's modules may import every reader, those of the parent's side none.
"""
