"""Documents: from a file of any supported kind to text with page marks, counted in tokens.

`extract` picks the reader; `worker` runs them in a confined process. What cannot be read is
refused with a subclass of DocumentError (`refusals`).
"""

__all__ = ["embedded_data", "index", "services", "store", "token_counting", "ui", "worker"]
