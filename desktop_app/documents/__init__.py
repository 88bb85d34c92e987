"""Documents: from a file of any supported kind to text with page marks, counted in tokens.

`extract` picks the reader; `worker` runs them in a confined process. What cannot be read is
refused with a subclass of DocumentError (`refusals`). May import domain and the libraries that read
documents.
"""
