"""The header of a GGUF file: what a model is, what its chat template offers, what it needs.

The package gguf reads it, too, but needs NumPy. Format: llama.cpp's repository ggml, docs/gguf.md.
"""

from __future__ import annotations

import struct
from math import prod
from typing import Any, Final

import msgspec

from desktop_app.domain.bounds import MAX_COUNT

MAGIC: Final = b"GGUF"
# Models have some 50 pairs, and at most some 3,000 tensors. 700,000 pairs took 18 s.
_MAX_PAIRS: Final = 10_000
_MAX_TENSORS: Final = 100_000
_MAX_TEXT_CHARS: Final = 1000
_NUMBERS: Final = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
# The numbers of a block, and its bytes by a tensor's type: GGML_QUANT_SIZES of the package gguf.
_BLOCKS: Final = (
    (1, {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2}),
    (32, {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 36, 20: 18, 39: 17}),
    (256, {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 34: 54, 35: 66}),
    (256, {16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82, 23: 136, 29: 56}),
)
_STRING: Final = 8
_ARRAY: Final = 9
_MAX_NUMBERS: Final = 4096  # longer arrays belong to the vocabulary
_ALIGNMENT: Final = 32
_VALUE_BYTES: Final = 2  # a key or a value in the window's memory is a 16-bit number


class Header(msgspec.Struct, frozen=True):
    """The facts in a model's file.

    Attributes:
        name: as its publisher calls it; "" if the file does not say.
        window: the tokens that the model was trained on; 0 if unknown.
        token_bytes: the memory that each token of the window takes.
        is_embedding: True for a model that makes vectors instead of text.
        is_projector: True for the second file of a model that sees images.
        takes_tools: True if its chat template has a place for tools.
        can_think: True if its chat template lets it think before it answers, or not.
        efforts: True if its chat template takes the effort of its thinking.
    """

    architecture: str
    name: str = ""
    license: str = ""
    window: int = 0
    token_bytes: int = 0
    is_embedding: bool = False
    is_projector: bool = False
    takes_tools: bool = False
    can_think: bool = False
    efforts: bool = False


def parse_header(data: bytes, size: int) -> Header:
    """Return the facts of a header, the beginning of a file of `size` bytes.

    Raises:
        struct.error: `data` end within it, or the file ends within its weights.
        Exception: one of `bounds.BAD_VALUE` or a MemoryError, because the file is damaged.
    """
    position = len(MAGIC) + 20
    _version, tensors, pairs = struct.unpack_from("<IQQ", data, len(MAGIC))
    if pairs > _MAX_PAIRS or tensors > _MAX_TENSORS:
        raise ValueError(f"{pairs} pairs, {tensors} tensors")
    values: dict[str, Any] = {}
    for _ in range(pairs):
        key, position = _read_string(data, position)
        (kind,) = struct.unpack_from("<I", data, position)
        values[key], position = _read_value(data, position + 4, kind)
    weights_bytes = 0
    for _ in range(tensors):
        _, position = _read_string(data, position)
        (dimensions,) = struct.unpack_from("<I", data, position)
        *extents, kind, offset = struct.unpack_from(f"<{dimensions}QIQ", data, position + 4)
        position += 4 + 8 * dimensions + 12
        weights_bytes = max(weights_bytes, offset + _tensor_bytes(kind, prod(extents)))
    alignment = _count(values.get("general.alignment", _ALIGNMENT)) or _ALIGNMENT
    end = -(-position // alignment) * alignment + weights_bytes
    if end > size:
        raise struct.error(f"{size} bytes of {end}")
    return _facts(values)


def _tensor_bytes(kind: int, numbers: int) -> int:
    """Return the size of a tensor; 0 for an unknown type."""
    for block, sizes in _BLOCKS:
        if kind in sizes:
            return numbers // block * sizes[kind]
    return 0


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, position)
    end = position + 8 + length
    if end > len(data):
        raise struct.error("a text ends behind the file")
    return data[position + 8 : end].decode("utf-8", "replace"), end


def _read_value(data: bytes, position: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _read_string(data, position)
    if kind != _ARRAY:
        form = "<" + _NUMBERS[kind]
        return struct.unpack_from(form, data, position)[0], position + struct.calcsize(form)
    member, count = struct.unpack_from("<IQ", data, position)
    position += 12
    if member == _STRING:  # the vocabulary: skipped
        read_length = struct.Struct("<Q").unpack_from
        for _ in range(count):
            position += 8 + read_length(data, position)[0]
        return None, position
    width = struct.calcsize(_NUMBERS[member])
    if count > _MAX_NUMBERS:
        return None, position + count * width
    numbers = struct.unpack_from(f"<{count}{_NUMBERS[member]}", data, position)
    return list(numbers), position + count * width


def _facts(values: dict[str, Any]) -> Header:
    architecture = str(values["general.architecture"])

    def number(key: str, default: int = 0) -> int:
        value = values.get(f"{architecture}.{key}", default)
        return _count(max(value) if isinstance(value, list) else value)

    heads = number("attention.head_count", 1) or 1
    width = number("embedding_length") // heads
    key_and_value = number("attention.key_length", width) + number("attention.value_length", width)
    layers = number("block_count")
    template = str(values.get("tokenizer.chat_template") or "")
    return Header(
        architecture[:_MAX_TEXT_CHARS],
        name=str(values.get("general.name") or "")[:_MAX_TEXT_CHARS],
        license=str(values.get("general.license") or "")[:_MAX_TEXT_CHARS],
        window=number("context_length"),
        token_bytes=layers
        * number("attention.head_count_kv", heads)
        * key_and_value
        * _VALUE_BYTES,
        is_embedding=number("pooling_type") > 0
        or "bert" in architecture
        or architecture.endswith("embedding"),
        is_projector=architecture == "clip" or values.get("general.type") == "mmproj",
        takes_tools="tools" in template,
        can_think="enable_thinking" in template,
        efforts="reasoning_effort" in template,
    )


def _count(value: Any) -> int:
    """Return a size or a length. Raises an error of BAD_VALUE if it is impossible."""
    count = int(value)
    if not 0 <= count <= MAX_COUNT:
        raise ValueError(f"{count} is out of bounds")
    return count
