"""Archives and folders: many documents as one text.

Reads their members through `extract`. May import the root of `documents`, `text.plain_text`
and `worker.protocol`.
"""
