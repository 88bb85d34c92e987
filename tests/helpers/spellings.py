"""The spellings in which servers, gateways and proxies repeat a key."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": lambda key: key,
    "URL": lambda key: quote(key, safe=""),
    "Base64": lambda key: b64encode(key.encode()).decode(),
    "Base64, one before": lambda key: b64encode(b"k" + key.encode()).decode(),
    "Base64, two before": lambda key: b64encode(b":k" + key.encode()).decode(),
    "Base64 of a header": lambda key: b64encode(f"Bearer {key}\r\n".encode()).decode(),
    "Base64 for addresses": lambda key: urlsafe_b64encode(b"ky?" + key.encode()).decode(),
}
