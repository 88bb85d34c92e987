"""Token counts, chunks and passages of a text.

May import `documents.worker.protocol`.
"""
