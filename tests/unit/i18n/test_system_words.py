"""The system's and JSON's refusals in the user's language."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from desktop_app.i18n.system_words import json_words, system_words


def test_a_known_refusal_has_our_words(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        (tmp_path / "missing").read_text()
    assert system_words(caught.value) == "it doesn’t exist"
    with pytest.raises(OSError) as caught:
        tmp_path.read_bytes()
    assert system_words(caught.value) == "it is a folder"


def test_any_other_refusal_has_the_systems_words() -> None:
    assert system_words(OSError(errno.ENOTTY, "Not a terminal")) == "Not a terminal"
    assert system_words(OSError("odd")) == "OSError"


def test_the_place_of_a_json_error() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads('{\n  "a": }')
    assert json_words(caught.value) == "it isn’t valid JSON at line 2, column 8"
