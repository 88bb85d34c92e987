"""The process that reads documents, and the parent process's side of it.

The child's modules may import every reader, the parent's modules none.
"""
