"""Reads compiled catalogs (.mo), and decodes only the translations that are shown."""

from __future__ import annotations

import re
import struct
from gettext import NullTranslations, c2py
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAGIC: Final = 0x950412DE
_PLURAL: Final = re.compile(r"Plural-Forms:.*?\bplural=([^;\n]+)")


class Catalog(NullTranslations):
    """A catalog that decodes a translation when it is first shown.

    The standard library's GNUTranslations decodes all of them, which takes 7 ms of the start.
    """

    def __init__(self, path: Path) -> None:
        """Read a little-endian .mo file, as Babel writes it.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such file.
        """
        super().__init__()
        self._data = data = path.read_bytes()
        if len(data) < 20 or struct.unpack_from("<I", data)[0] != _MAGIC:
            raise ValueError(path)
        count, originals, translations = struct.unpack_from("<3I", data, 8)
        table = struct.Struct(f"<{2 * count}I")  # a length and an offset of each
        places = table.unpack_from(data, originals)
        self._texts = table.unpack_from(data, translations)
        # The two forms of a plural are one key; the first of them finds it.
        self._rows = {
            data[start : start + length].partition(b"\0")[0]: row
            for row, (length, start) in enumerate(zip(places[::2], places[1::2], strict=True))
        }
        self._decoded: dict[str, list[str]] = {}
        header = _PLURAL.search((self._forms("") or [""])[0])
        self._form_of: Callable[[int], int] = c2py(header[1] if header else "n != 1")

    def gettext(self, message: str) -> str:
        forms = self._forms(message)
        return forms[0] if forms else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        forms = self._forms(msgid1)
        if forms:
            return forms[self._form_of(n)]
        return msgid1 if n == 1 else msgid2

    def pgettext(self, context: str, message: str) -> str:
        forms = self._forms(f"{context}\x04{message}")
        return forms[0] if forms else message

    def _forms(self, key: str) -> list[str] | None:
        """Return the forms of a translation, None if the catalog lacks it."""
        forms = self._decoded.get(key)
        if forms is None and (row := self._rows.get(key.encode())) is not None:
            length, start = self._texts[2 * row : 2 * row + 2]
            forms = self._data[start : start + length].decode().split("\0")
            self._decoded[key] = forms
        return forms
