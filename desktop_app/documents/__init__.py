"""Documents: from a file of any kind to text with page marks, counted in tokens.

`worker.py` is the window's side, and all that the rest of the program knows: it starts one child
process and speaks with it in the frames of `protocol.py`. Everything else runs in the child
(`worker_process.py`), because a document may be broken or made to do harm: `extract.py` finds the
kind of a file (`media_type.py`) and reads it by `pdf.py`, `workbook.py`, `notebook.py` or
`plain_text.py`; `tokens.py` counts; `pictures.py` measures pictures and makes them ready to be sent.
"""
