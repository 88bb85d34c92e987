"""Names and advice of variants and efforts."""

from __future__ import annotations

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import tr


def test_each_variant_and_effort_has_a_name_and_advice() -> None:
    assert [variant.label for variant in Variant] == ["Instant", "Thinking", "Pro"]
    assert [tr(effort.label) for effort in Effort] == [
        *("None", "Minimal", "Low", "Medium", "High", "Extra high")
    ]
    advice = [tr(choice.advice).strip() for kind in (Variant, Effort) for choice in kind]
    assert all(advice)
    assert len(set(advice)) == len(advice)
