"""Errors of the system and of libraries that other errors quote."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from desktop_app.domain.system_error import quoted_words, system_words
from tests.helpers.linux_only import linux_only


@linux_only("own error for a folder")
def test_a_known_error_of_the_system_is_translated(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        (tmp_path / "missing").read_text()
    assert system_words(caught.value) == "it doesn’t exist"
    with pytest.raises(OSError) as caught:
        tmp_path.read_bytes()
    assert system_words(caught.value) == "it is a folder"


def test_other_errors_have_the_words_of_the_system() -> None:
    assert system_words(OSError(errno.ENOTTY, "Not a terminal")) == "Not a terminal"
    assert system_words(OSError("odd")) == "OSError"


def test_a_json_error_has_its_line_and_column() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads('{\n  "a": }')
    assert quoted_words(caught.value) == "JSON error at line 2, column 8"
