"""Office formats: Word, PowerPoint, OpenDocument, RTF, EPUB.

May import the root of `documents`, `text` and `worker.protocol`.
"""
