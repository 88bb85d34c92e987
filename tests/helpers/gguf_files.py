"""GGUF files with a header like those of real models, and weights of any content."""

from __future__ import annotations

import struct
from pathlib import Path

TEMPLATE = "{% if tools %}{{ tools }}{% endif %}{% if enable_thinking %}<think>{% endif %}"


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<Ii", 5, value) if value < 0 else struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<Id", 12, value)
    if isinstance(value, bytes):  # an encoded value of any type
        return value
    assert isinstance(value, list)
    kind = 8 if isinstance(value[0], str) else 4
    members = (_text(v) if kind == 8 else struct.pack("<I", v) for v in value)
    return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(members)


def gguf_bytes(architecture: str = "llama", weights: int = 4096, **values: object) -> bytes:
    """Return a file with one tensor; `block_count=2` stands for "llama.block_count"."""
    pairs: dict[str, object] = {"general.architecture": architecture}
    usual = {
        "block_count": 2,
        "context_length": 4096,
        "embedding_length": 64,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
    }
    own = {name.replace("__", "."): value for name, value in values.items()}
    for name, value in {**usual, **own}.items():
        is_general = name.startswith(("general.", "tokenizer."))
        pairs[name if is_general else f"{architecture}.{name}"] = value
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    head += b"".join(_text(name) + _value(value) for name, value in pairs.items())
    head += _text("weight") + struct.pack("<IQIQ", 1, weights, 24, 0)  # 24: 8-bit numbers
    head += bytes(-len(head) % 32)
    return head + (bytes(n * 7 % 251 for n in range(251)) * (weights // 251 + 1))[:weights]


def write_gguf(path: Path, architecture: str = "llama", **values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gguf_bytes(architecture, **values))  # type: ignore[arg-type]
    return path


def write_variant(path: Path, original: Path, **values: object) -> Path:
    """Write a real model's file with further values in its header."""
    pairs = b"".join(_text(name.replace("__", ".")) + _value(v) for name, v in values.items())
    filler = 8 + len("general.filler") + 4 + 8
    padding = "x" * (-(len(pairs) + filler) % 32)  # the weights keep their alignment
    pairs += _text("general.filler") + _value(padding)
    content = original.read_bytes()
    _version, tensors, count = struct.unpack_from("<IQQ", content, 4)
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, count + len(values) + 1)
    path.write_bytes(head + pairs + content[24:])
    return path
