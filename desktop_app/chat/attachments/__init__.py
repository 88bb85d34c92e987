"""Documents in a question: files, images, duplicates, reading in parts."""
