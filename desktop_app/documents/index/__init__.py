"""Token counts, chunks and passages of a text, and the files of collections."""
