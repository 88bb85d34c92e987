"""Counts tokens as the GPT models do: tiktoken's o200k_base, with the shipped ranks.

Only the child process that reads documents imports this: the encoding takes 0.2 s and 83 MB.

tiktoken first splits text by a regular expression, which overflows on very long runs of a single
kind of character (a million spaces raise PanicException). So `count_tokens` encodes
long text in pieces. It cuts the text where the expression splits anyway: after a word that is
followed by a space or by punctuation. Then the tokens are those of the whole text. If there is no
such place in 10,000 characters, as in Base64, the cut is elsewhere, which can change the count by a
few tokens.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from desktop_app.paths import resource_path

if TYPE_CHECKING:
    from tiktoken import Encoding

PIECE_LENGTH: Final = 20_000
"""The most characters of a piece.

The length was chosen by eye, far below the overflow: half a million spaces are still encoded.
"""
# tiktoken's name for the cached ranks: the SHA-1 of their URL.
_RANKS: Final = "tokenizer/fb374d419588a4632f3f557e76b4b70aebbca790"
_RANKS_SHA256: Final = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
# o200k_base always splits between a letter or digit and the white space or punctuation after it.
# The apostrophe is missing, because it can be part of a word ("don't").
_CUT: Final = re.compile(r"(?<=[^\W_])(?=[\s.,;:!?()\[\]{}\"、。，！？；：（）「」])")


def count_tokens(text: str) -> int:
    """Count o200k_base tokens; special tokens in the text count as ordinary text."""
    encoding = _encoding()
    return sum(len(encoding.encode_ordinary(piece)) for piece in pieces(text))


def pieces(text: str, size: int = PIECE_LENGTH) -> Iterator[str]:
    """Yield pieces of at most `size` characters, cut where o200k_base splits if possible."""
    start = 0
    while len(text) - start > size:
        # `search` finds the first boundary in a range. A range in the second half of the piece
        # keeps pieces long. Any boundary is as good as the last one.
        boundary = _CUT.search(text, start + size // 2, start + size)
        if boundary is not None:
            end = boundary.start()
        else:
            end = start + size
        yield text[start:end]
        start = end
    yield text[start:]


@cache
def _encoding() -> Encoding:
    """Load the encoding from the shipped ranks, never from the network.

    Raises:
        RuntimeError: the file is not the shipped one. tiktoken would delete it and download
            another, so this is checked first.
    """
    ranks = resource_path(_RANKS)
    if hashlib.sha256(ranks.read_bytes()).hexdigest() != _RANKS_SHA256:
        raise RuntimeError(f"{ranks.name} differs from the tokenizer data shipped with Repartee")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(ranks.parent)
    import tiktoken

    return tiktoken.get_encoding("o200k_base")
