"""Keys are taken out of text, however they are spelled, and nothing else is."""

from __future__ import annotations

import json
import random
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.providers.http.redaction import REMOVED, Redactor
from tests.helpers.spellings import SPELLINGS

# What can stand behind "Bearer" (RFC 6750, section 2.1), of which most providers use a part.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/.~"
_STARTS = ("sk-", "sk-proj-", "gsk_", "AIza", "key.", "")


def a_key(seed: int) -> str:
    rng = random.Random(seed)
    body = "".join(rng.choices(_CHARACTERS, k=rng.randint(24, 80)))
    return f"{rng.choice(_STARTS)}{body}7{'=' * rng.randrange(3)}"


KEYS = st.integers(0, 1 << 64).map(a_key)
NAMES = st.sampled_from(sorted(SPELLINGS))
WORDS = st.text("abc xyz.,:;!?\n\"'<>&%\\=é☂\u200b", max_size=30)
KEY = "sk-proj-Zx81-ab_cd3fG7hJ2kL9mN4pQ6rS8tV0wX5yZ1"
REDACTOR = Redactor([KEY])

pytestmark = pytest.mark.attack("secrets")


@pytest.mark.parametrize("name", SPELLINGS)
def test_each_spelling_of_a_key_is_found(name: str) -> None:
    spelled = SPELLINGS[name](KEY)
    text = REDACTOR.clean(f"a {spelled} b")
    assert REMOVED in text
    assert spelled not in text
    assert text.startswith("a ")
    assert text.endswith(" b")


@pytest.mark.parametrize("length", range(24, 29))
@pytest.mark.parametrize("before", ["", "u", "us"])
def test_a_key_within_base64_keeps_no_digit_of_its_own(before: str, length: int) -> None:
    key = KEY[:length]
    encoded = b64encode(f"{before}{key}z".encode()).decode()
    cleaned = Redactor([key]).clean(encoded)
    # What is left of a key are the digits that the characters around it share.
    assert len(cleaned.replace(REMOVED, "").rstrip("=")) <= len(b64encode(f"{before}zz".encode()))
    assert REMOVED in cleaned


@given(KEYS, NAMES, WORDS, WORDS)
def test_no_spelling_of_any_key_is_left(key: str, name: str, before: str, after: str) -> None:
    spelled = SPELLINGS[name](key)
    cleaned = Redactor([key]).clean(f"{before} {spelled} {after}")
    assert spelled not in cleaned
    assert REMOVED in cleaned
    assert cleaned.startswith(f"{before} ")
    assert cleaned.endswith(f" {after}")


def test_two_keys_in_a_text_are_removed() -> None:
    redactor = Redactor([KEY, "hunter2-hunter2", ""])
    assert redactor.clean(f"{KEY}, {KEY}, hunter2-hunter2") == ", ".join([REMOVED] * 3)


@pytest.mark.parametrize("word", ["lm-studio", "EMPTY", "1234567"])
def test_keys_that_are_words_are_not_removed(word: str) -> None:
    text = f"LM Studio takes any key: {word}, LM-Studio, not needed, 1234567."
    assert Redactor([word]).clean(text) == text


@given(
    st.recursive(
        st.none() | st.integers() | st.sampled_from([KEY, "a", f"x{KEY}", KEY[:20]]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    )
)
def test_redacted_json_is_valid(value: object) -> None:
    cleaned = json.loads(REDACTOR.clean(json.dumps(value)))
    assert KEY not in json.dumps(cleaned)
    assert cleaned == json.loads(json.dumps(value).replace(KEY, REMOVED))


@given(KEYS, st.data())
def test_no_letter_that_json_escapes_hides_a_key(key: str, data: st.DataObject) -> None:
    letters = []
    for letter in key:
        forms = [letter, f"\\u{ord(letter):04X}", f"\\u{ord(letter):04x}"]
        letters.append(data.draw(st.sampled_from([*forms, "\\/"] if letter == "/" else forms)))
    spelled = "".join(letters)
    document = f'{{"id": "msg_{spelled}", "a {spelled}": [["x{spelled}", 7]], "key": "a"}}'
    cleaned = Redactor([key]).clean_json(document.encode())
    assert json.loads(cleaned) == {
        "id": f"msg_{REMOVED}",
        f"a {REMOVED}": [[f"x{REMOVED}", 7]],
        "key": "a",
    }


@pytest.mark.parametrize("plus", ["+", "\\u002B", "\\u002b"])
@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_the_json_of_a_call_within_json_hides_no_key(slash: str, plus: str) -> None:
    key = "gw1/HELDOUT+0123/456789abcdef=="
    arguments = f'{{"path": "{key.replace("/", slash).replace("+", plus)}"}}'
    assert Redactor([key]).clean(arguments) == f'{{"path": "{REMOVED}"}}'
