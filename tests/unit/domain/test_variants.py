"""Names and advice of variants and efforts."""

from __future__ import annotations

import pickle

import pytest

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import tr


def test_each_variant_and_effort_has_a_name_and_advice() -> None:
    assert [variant.label for variant in Variant] == ["Instant", "Thinking", "Pro"]
    assert [tr(effort.label) for effort in Effort] == [
        *("None", "Minimal", "Low", "Medium", "High", "Extra high", "Maximum")
    ]
    advice = [tr(choice.advice).strip() for kind in (Variant, Effort) for choice in kind]
    assert all(advice)
    assert len(set(advice)) == len(advice)


def test_an_effort_that_only_a_server_knows_is_kept_as_it_is() -> None:
    effort = Effort("default")
    assert (effort.label, effort.is_known, Effort("default")) == ("default", False, effort)
    assert Effort("default") is effort
    assert effort not in tuple(Effort)
    assert pickle.loads(pickle.dumps(effort)) is effort  # noqa: S301 — to a child and back
    assert [each.rank for each in Effort] == list(range(len(Effort)))


@pytest.mark.parametrize("text", ["", "very high", "High", "x" * 40, "-", "a\n", 3, None])
def test_what_is_no_word_is_no_effort(text: object) -> None:
    with pytest.raises(ValueError, match="not a valid Effort"):
        Effort(text)
