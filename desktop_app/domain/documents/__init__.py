"""Documents: sections, collections, passages, vectors."""
