"""What a model's file says about itself."""

from __future__ import annotations

import os
import signal
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.child_processes import child_command
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import LocalModelError
from desktop_app.local_model import header_reader
from desktop_app.local_model.gguf import Header, parse_header
from desktop_app.local_model.header_reader import HeaderReader, read_header
from desktop_app.local_model.server import find_weights
from tests.helpers.examples import examples
from tests.helpers.gguf_files import TEMPLATE, gguf_bytes, write_gguf


def test_the_shipped_model() -> None:
    weights = find_weights()
    assert weights is not None
    header = read_header(weights)
    assert (header.architecture, header.window) == ("llama", 8192)
    assert header.token_bytes == 30 * 3 * (64 + 64) * 2
    assert not header.takes_tools
    assert not header.can_think
    assert not header.is_embedding
    assert header.license == "apache-2.0"


def test_memory_counts_the_layers_keys_and_values(tmp_path: Path) -> None:
    by_width = read_header(write_gguf(tmp_path / "a.gguf"))
    assert by_width.token_bytes == 2 * 2 * (16 + 16) * 2
    own = {"attention__key_length": 128, "attention__value_length": 64}
    stated = read_header(write_gguf(tmp_path / "b.gguf", **own))
    assert stated.token_bytes == 2 * 2 * (128 + 64) * 2
    per_layer = read_header(write_gguf(tmp_path / "c.gguf", attention__head_count_kv=[1, 4]))
    assert per_layer.token_bytes == 2 * 4 * (16 + 16) * 2


@pytest.mark.parametrize(
    ("architecture", "values", "fact"),
    [
        ("qwen3", {"tokenizer__chat_template": TEMPLATE}, "takes_tools"),
        ("qwen3", {"tokenizer__chat_template": TEMPLATE}, "can_think"),
        ("gpt-oss", {"tokenizer__chat_template": "{{ reasoning_effort }}"}, "efforts"),
        ("qwen3", {"pooling_type": 3}, "is_embedding"),
        ("nomic-bert", {}, "is_embedding"),
        ("clip", {}, "is_projector"),
    ],
)
def test_a_fact_is_what_the_file_says(
    architecture: str, values: dict[str, object], fact: str, tmp_path: Path
) -> None:
    header = read_header(write_gguf(tmp_path / "a.gguf", architecture, **values))
    assert getattr(header, fact)
    assert not getattr(read_header(write_gguf(tmp_path / "b.gguf")), fact)
    assert isinstance(header, Header)


def test_a_large_vocabulary_is_skipped(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(5000)]
    path = write_gguf(
        tmp_path / "a.gguf", tokenizer__ggml__tokens=words, tokenizer__ggml__scores=[1] * 5000
    )
    assert read_header(path).window == 4096


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "isn’t a GGUF"),
        (b"GGML" + bytes(100), "isn’t a GGUF"),
        (gguf_bytes()[:-1], "isn’t complete"),
        (gguf_bytes()[:60], "isn’t complete"),
        (b"GGUF" + b"\xff" * 100, "isn’t complete|damaged"),
        (b"GGUF" + bytes(60), "damaged"),
    ],
)
def test_a_damaged_file_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(LocalModelError, match=words):
        read_header(path)
    with pytest.raises(LocalModelError, match="Couldn’t read"):
        read_header(tmp_path / "missing.gguf")


pytestmark = pytest.mark.usefixtures("forked_children")

INFINITE = float("inf")
HOSTILE: Final[dict[str, dict[str, object]]] = {
    "infinite alignment": {"general__alignment": INFINITE},
    "negative alignment": {"general__alignment": -1},
    "text as alignment": {"general__alignment": "x"},
    "infinite window": {"context_length": INFINITE},
    "no number as window": {"context_length": float("nan")},
    "negative length of keys": {"attention__key_length": -5},
    "negative layers": {"block_count": -1},
    "endless text in an array": {"x": struct.pack("<IIQQ", 9, 8, 2, 2**64 - 1) + b"x" * 40},
    "endless array": {"x": struct.pack("<IIQ", 9, 4, 2**64 - 1)},
    "unknown type": {"x": struct.pack("<I", 77)},
    "700,000 pairs": {},
}


@pytest.mark.attack("models")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    content = gguf_bytes(**HOSTILE[name])  # type: ignore[arg-type]
    if name == "700,000 pairs":
        pair = struct.pack("<Q1sIB", 1, b"k", 0, 0)
        content = b"GGUF" + struct.pack("<IQQ", 3, 0, 700_000) + pair * 700_000
    path.write_bytes(content)
    with pytest.raises(LocalModelError, match=r"damaged|isn’t complete"):
        read_header(path)


def test_an_alignment_of_zero_is_the_usual_one(tmp_path: Path) -> None:
    assert read_header(write_gguf(tmp_path / "a.gguf", general__alignment=0)).window == 4096


@pytest.mark.attack("models")
@given(cut=st.integers(4, 400), noise=st.binary(max_size=60))
@settings(max_examples=examples(200))
def test_any_header_is_read_or_refused(cut: int, noise: bytes) -> None:
    content = gguf_bytes(weights=64)
    data = content[:cut] + noise + content[cut + len(noise) :]
    with suppress(struct.error, MemoryError, *BAD_VALUE):
        parse_header(data, len(data))


def test_a_file_that_ends_the_reader_costs_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fork's launcher ends before the fork does, which could then still reply.
    monkeypatch.setattr(header_reader, "child_command", child_command)
    path = write_gguf(tmp_path / "a.gguf")
    with HeaderReader() as reader:
        header = reader.read(path)
        assert reader.child.pid is not None
        os.kill(reader.child.pid, signal.SIGKILL)
        with pytest.raises(LocalModelError, match="damaged"):
            reader.read(path)
        assert reader.read(path) == header
