"""The spellings in which servers, gateways and proxies repeat a key."""

from __future__ import annotations

import html
import json
import quopri
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

ZERO_WIDTH: Final = "\u200b"

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": lambda key: key,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "reversed": lambda key: key[::-1],
    "by blanks": " ".join,
    "by lines": "\r\n".join,
    "by zero-width spaces": ZERO_WIDTH.join,
    **{
        f"by zero-width spaces, {kind}": escape.join
        for kind, escape in {
            "JSON": "\\u200b",
            "JSON, twice": "\\\\u200B",
            "JSON, soft hyphens": "\\u00ad",
            "JSON, a surrogate pair": "\\udb40\\udc20",
            "Python": "\\U0001f600",
            "JavaScript": "\\u{200b}",
            "C, hexadecimal": "\\xe2\\x80\\x8b",
            "C, octal": "\\342\\200\\213",
            "URL": "%E2%80%8B",
            "URL, twice": "%25e2%2580%258b",
            "URL, a line end": "%0D%0A",
            "HTML, decimal": "&#8203;",
            "HTML, hexadecimal": "&#x200B;",
            "HTML, twice": "&amp;#8203;",
            "quoted-printable": "=E2=80=8B",
        }.items()
    },
    "by soft hyphens": "\u00ad".join,
    "by marks": "*".join,
    "in lines of 16": lambda key: "\n    ".join(key[i : i + 16] for i in range(0, len(key), 16)),
    "URL": lambda key: quote(key, safe=""),
    "URL, twice": lambda key: quote(quote(key, safe=""), safe=""),
    "URL, each": lambda key: "".join(f"%{ord(c):02X}" for c in key),
    "URL, each twice": lambda key: "".join(f"%25{ord(c):02x}" for c in key),
    "URL, every other": lambda key: "".join(
        c if n % 2 else f"%{ord(c):02x}" for n, c in enumerate(key)
    ),
    "JSON": lambda key: json.dumps(key),
    "JSON, each": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "JSON, each twice": lambda key: "".join(f"\\\\u{ord(c):04X}" for c in key),
    "JSON, each third": lambda key: "".join(
        c if n % 3 else f"\\u{ord(c):04x}" for n, c in enumerate(key)
    ),
    "JavaScript": lambda key: "".join(f"\\u{{{ord(c):x}}}" for c in key),
    "C, hexadecimal": lambda key: "".join(f"\\x{ord(c):02x}" for c in key),
    "C, octal": lambda key: "".join(f"\\{ord(c):03o}" for c in key),
    "HTML": html.escape,
    "HTML, decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "HTML, hexadecimal": lambda key: "".join(f"&#x{ord(c):X};" for c in key),
    "HTML, twice": lambda key: "".join(f"&amp;#{ord(c)};" for c in key),
    "quoted-printable": lambda key: quopri.encodestring(key.encode(), quotetabs=True).decode(),
    "quoted-printable, each": lambda key: "".join(f"={ord(c):02X}" for c in key),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, upper case": lambda key: key.encode().hex().upper(),
    "hexadecimal, by blanks": lambda key: key.encode().hex(" "),
    "hexadecimal, by colons": lambda key: key.encode().hex(":"),
    "hexadecimal, as a list": lambda key: ", ".join(f"0x{ord(c):02x}" for c in key),
    "decimal, as a list": lambda key: str(list(key.encode())),
    "base64": lambda key: b64encode(key.encode()).decode(),
    "base64, one before": lambda key: b64encode(b"k" + key.encode()).decode(),
    "base64, two before": lambda key: b64encode(b":k" + key.encode()).decode(),
    "base64 of a header": lambda key: b64encode(f"Bearer {key}\r\n".encode()).decode(),
    "base64 for addresses": lambda key: urlsafe_b64encode(b"ky?" + key.encode()).decode(),
    "base64 for addresses, two": lambda key: urlsafe_b64encode(b"?>" + key.encode()).decode(),
    "base64 in lines": lambda key: "\n".join(_lines(b64encode(b"a" + key.encode()).decode())),
    "base64 of UTF-16": lambda key: b64encode(key.encode("utf-16-le")).decode(),
    "base32": lambda key: b32encode(key.encode()).decode(),
    "base32, lower case": lambda key: b32encode(key.encode()).decode().lower(),
    "base32 of a header": lambda key: b32encode(f"Bearer {key}\r\n".encode()).decode(),
    "base32 of UTF-16": lambda key: b32encode(b"ab" + key.encode("utf-16-le")).decode(),
    "UTF-16 read as Latin-1": lambda key: key.encode("utf-16-le").decode("latin-1"),
    "UTF-16, big end first": lambda key: key.encode("utf-16-be").decode("latin-1"),
    "UTF-16, hexadecimal": lambda key: key.encode("utf-16-le").hex(),
    "UTF-16, big, hexadecimal": lambda key: key.encode("utf-16-be").hex(),
}


def _lines(text: str) -> list[str]:
    return [text[i : i + 20] for i in range(0, len(text), 20)]
