"""Names and advice of variants and efforts, and the formats of exports."""

from __future__ import annotations

from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import tr


def test_each_variant_and_effort_has_a_name_and_advice() -> None:
    assert [variant.label for variant in Variant] == ["Instant", "Thinking", "Pro"]
    said = [tr(choice.advice) for kind in (Variant, Effort) for choice in kind]
    assert all(said)
    assert len(set(said)) == len(said)
    assert [tr(effort.label) for effort in Effort] == [
        *("None", "Minimal", "Low", "Medium", "High", "Extra high")
    ]


def test_only_json_and_corrections_hold_several_conversations() -> None:
    assert {each.id for each in EXPORT_FORMATS if each.holds_many} == {"json", "corrections"}
    assert len({each.suffix for each in EXPORT_FORMATS}) == len(EXPORT_FORMATS)
