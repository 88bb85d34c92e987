"""Qt's formats equal those of Babel, so that the window and the commands agree."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import QLocale

from desktop_app.i18n.formatting import BabelFormats
from desktop_app.ui.look.locale_formats import QtFormats


@pytest.mark.parametrize("name", ["en-US", "en-GB", "de-DE", "nl-NL"])
def test_the_formats_of_window_and_commands_are_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", name.replace("-", "_"))
    babel, qt = BabelFormats(name.split("-")[0]), QtFormats(QLocale(name))

    def shown(formats: BabelFormats | QtFormats) -> list[str]:
        words = [
            formats.number(1234567),
            formats.decimal(Decimal("1234.50"), 2),
            formats.dollars(Decimal("1234.50"), 2),
            formats.dollars(Decimal("0.003"), 3),
            formats.percent(12),
            formats.day(date(2026, 3, 2)),
            formats.month(date(2026, 12, 24)),
            formats.short_date(date(2026, 12, 24)),
            formats.short_day(date(2026, 12, 24)),
            formats.joined(["a", "b", "c"]),
            formats.time(datetime(2026, 3, 2, 13, 5, tzinfo=UTC)),
        ]
        # Qt writes the space before AM and after a currency sign as its own locale data has it.
        return [word.replace("\N{NO-BREAK SPACE}", " ").replace("\u202f", " ") for word in words]

    assert shown(qt) == shown(babel)
