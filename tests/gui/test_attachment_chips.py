"""The chips of the prompt's attachments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QLabel, QWidget

from desktop_app.composer.attachment_chips import AttachmentChips, Chip, ChipAction, ChipWidget
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.text.foreign_text import ElidedLabel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


def chip(name: str) -> Chip:
    return Chip(name, name, "1 page", "ready", None, "file-text")


@pytest.mark.parametrize("actions", [(), (ChipAction("pages", "Choose pages…"),)])
def test_a_short_name_and_its_summary_are_shown_whole(
    qtbot: QtBot, light_theme: Theme, actions: tuple[ChipAction, ...]
) -> None:
    chips = AttachmentChips()
    qtbot.addWidget(chips)
    chips.resize(600, 100)
    chips.set_chips([replace(chip("report.pdf"), summary="31 pages · 10 %", actions=actions)])
    chips.show()
    labels = chips.findChildren(ElidedLabel)
    qtbot.waitUntil(lambda: all(QLabel.text(label) == label.text() for label in labels))


def test_many_new_chips_appear_in_several_steps(qtbot: QtBot, light_theme: Theme) -> None:
    chips = AttachmentChips()
    qtbot.addWidget(chips)
    names = [f"{number}.md" for number in range(30)]
    chips.set_chips([chip("reading"), *map(chip, names)])
    assert 1 < chips.count() < 20
    chips.set_chips([*map(chip, names), chip("rest")])
    qtbot.waitUntil(lambda: chips.count() == len(names) + 1)
    shown = [each for each in chips.findChildren(ChipWidget) if not each.isHidden()]
    shown.sort(key=lambda each: (each.y(), each.x()))
    spoken = [each.accessibleName().split(",")[0] for each in shown]
    assert spoken == [*names, "rest"]


def test_an_added_chip_scrolls_into_view(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    chips = AttachmentChips()
    column_of(chips, parent=window)
    window.resize(400, 300)
    window.show()
    names = [f"{number}.md" for number in range(6)]

    def is_seen(name: str) -> bool:
        shown = {c.accessibleName().split(",")[0]: c for c in chips.findChildren(ChipWidget)}
        place = shown[name].mapTo(chips.viewport(), shown[name].rect().topLeft())
        return chips.viewport().rect().contains(QRect(place, shown[name].size()))

    chips.set_chips([chip(name) for name in names])
    qtbot.waitUntil(lambda: is_seen("0.md"))
    assert not is_seen("5.md")
    chips.set_chips([chip(name) for name in (*names, "6.md")])
    qtbot.waitUntil(lambda: is_seen("6.md"))
