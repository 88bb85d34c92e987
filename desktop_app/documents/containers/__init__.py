"""Archives and folders: many documents as one text.

Reads their members through `reader_registry`. May import the root of `documents`, `text.plain_text`
and `worker.protocol`.
"""
