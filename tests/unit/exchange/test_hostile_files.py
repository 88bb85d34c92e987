"""Malicious import files are refused, or only their valid content is imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain import bounds
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import parts_from_json, parts_to_json
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange.importers import json_values
from desktop_app.exchange.importers.import_reader import read_export
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from desktop_app.prompts import prompts_json
from tests.helpers.hostile_files import (
    GOOD,
    GOOD_OWN,
    Hostile,
    conversation,
    hostile_files,
    names,
    own,
    special_files,
)
from tests.helpers.linux_only import linux_only

pytestmark = pytest.mark.attack("imports")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Hostile]:
    return hostile_files(tmp_path_factory.mktemp("hostile") / "files")


def found_in(path: Path) -> tuple[list[ImportedConversation], list[ImportRefusedError]]:
    """Return the imported and the refused conversations. Any other exception fails the test."""
    imported: list[ImportedConversation] = []
    refused: list[ImportRefusedError] = []
    try:
        for found in read_export(path).conversations:
            if isinstance(found, ImportedConversation):
                imported.append(found)
            else:
                refused.append(found)
    except ImportRefusedError as error:
        refused.append(error)
    return imported, refused


def assert_sound(message: Message) -> None:
    """Assert that a message can be stored and shown."""
    assert parts_from_json(parts_to_json(message.parts)) == message.parts
    assert message.duration_s is None or 0 <= message.duration_s <= bounds.MAX_SECONDS
    bounds.checked_time(message.created_at)
    bounds.checked_money("0" if message.cost is None else str(message.cost))


@pytest.mark.parametrize("name", names())
def test_only_sound_conversations_are_imported(name: str, files: dict[str, Hostile]) -> None:
    imported, refused = found_in(files[name].path)
    assert len(imported) == files[name].imported
    assert refused or name.startswith(
        ("chatgpt", "claude", "open-webui", "librechat", "utf-16", "zip-nest")
    )
    for error in refused:
        assert len(error.sentences) < 500
        assert not re.search(r"Traceback|object at 0x", error.sentences)
    for each in imported:
        assert bounds.is_id(each.conversation.id)
        bounds.checked_name(each.conversation.title)
        for message in each.messages:
            assert_sound(message)
            assert len(message.text) < 6_000_000


def test_a_bad_conversation_is_reported_with_its_title_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    bad = conversation(title="Holiday " * 1000, pinned=True)
    bad["messages"][0]["cost"] = "1E+999999"
    file.write_text(json.dumps(own(bad, GOOD_OWN)))
    (imported,), (error,) = found_in(file)
    assert imported.conversation.title == GOOD
    assert error.what_happened.startswith("“Holiday Holiday")
    assert "was skipped (an amount of money is out of bounds)." in error.what_happened


@linux_only("named pipes in folders")
@pytest.mark.parametrize("read", [read_export, prompts_json.read_file])
def test_pipes_devices_and_endless_files_are_refused_at_once(
    read: Callable[[Path], object], tmp_path: Path
) -> None:
    with special_files(tmp_path) as special:
        for path in special.values():
            with pytest.raises(ImportRefusedError):
                read(path)


@linux_only("limit on memory for Python")
def test_a_zip_bomb_takes_no_memory(files: dict[str, Hostile]) -> None:
    """In a process of its own, which may take 300 MB."""
    import resource

    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (300 << 20, 300 << 20))
    source = """
import sys
from pathlib import Path
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange.importers import json_values
from desktop_app.exchange.importers.import_reader import read_export
for name in sys.argv[1:]:
    try:
        read_export(Path(name))
    except ImportRefusedError as error:
        assert "memory" not in error.sentences, error.sentences
    else:
        raise AssertionError(name)
"""
    bombs = ["zip-bomb", "zip-directory", "zip-overlapping", "zip-states-4-gb", "zip-lzma"]
    done = subprocess.run(
        [sys.executable, "-c", source, *(str(files[name].path) for name in bombs)],
        cwd=ROOT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["user", "complete", "text", "document", "0" * 64, "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def keys_of(value: Any) -> list[tuple[Any, ...]]:
    """Return the places in a value that can be replaced."""
    found: list[tuple[Any, ...]] = [()]
    pairs = list(value.items()) if isinstance(value, dict) else []
    pairs += enumerate(value) if isinstance(value, list) else []
    for key, inner in pairs:
        found += [(key, *rest) for rest in keys_of(inner)]
    return found


WHOLE = own(
    conversation(
        folder_id="f" * 32,
        overrides={"temperature": 0.5, "stop": ["x"], "instructions": "Be brief."},
        draft={
            "text": "d",
            "attachments": [
                {"kind": "document", "sha256": "0" * 64, "name": "a", "media_type": "m", "size": 1}
            ],
        },
        preset={"id": "p", "name": "P", "settings": {"candidates": 2}},
    ),
    folders=[
        {"id": "f" * 32, "name": "F", "created_at": "2026-01-01T00:00:00Z", "choice": None}
    ],
    attachments=[],
)  # fmt: skip
PLACES = [place for place in keys_of(WHOLE) if place]


@given(st.sampled_from(PLACES), values)
def test_any_value_in_our_own_json_raises_only_documented_errors(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any
) -> None:
    whole = json.loads(json.dumps(WHOLE))
    *way, last = place
    inner = whole
    for key in way:
        inner = inner[key]
    inner[last] = value
    path = tmp_path_factory.getbasetemp() / "own.json"
    path.write_text(json.dumps(whole))
    imported, _ = found_in(path)
    for each in imported:
        for message in each.messages:
            assert_sound(message)


@given(values)
def test_any_json_raises_only_documented_errors(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    for whole in (value, own(value), [{"mapping": {"u": {"message": value}}}], {"chat": value}):
        path.write_text(json.dumps(whole))
        found_in(path)


@given(
    values=st.lists(st.one_of(st.text(max_size=40), st.lists(st.text(max_size=9))), max_size=6),
    size=st.integers(1, 9),
    data=st.data(),
)
def test_a_value_beyond_the_limit_costs_only_itself(
    values: list[object], size: int, data: st.DataObject
) -> None:
    # Each chunk ends anywhere, also within an escape.
    titled = [{"title": f"T{n}", "text": value} for n, value in enumerate(values)]
    huge = {"title": 'Very "long"', "text": ['\\"]}{"'] * 500, "n": [1, {"a": None}]}
    place = data.draw(st.integers(0, len(values)))
    items = [*titled[:place], huge, *titled[place:]]
    for text in (json.dumps(items), "\n".join(map(json.dumps, items))):
        raw = text.encode()
        chunks = (raw[start : start + size] for start in range(0, len(raw), size))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_values, "MAX_VALUE_CHARS", 2_000)
            found = [*json_values.read_values(chunks)]
        (error,) = (each for each in found if isinstance(each, ImportRefusedError))
        assert found.index(error) == place
        assert 'Very "long"' in str(error)
        assert [each for each in found if each is not error] == titled
