"""The formats of exports."""

from __future__ import annotations

from desktop_app.exchange.export_format import EXPORT_FORMATS


def test_only_json_holds_several_conversations() -> None:
    assert {each.id for each in EXPORT_FORMATS if each.holds_many} == {"json"}
    assert len({each.suffix for each in EXPORT_FORMATS}) == len(EXPORT_FORMATS)
