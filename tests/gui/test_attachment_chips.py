"""The chips of the prompt's attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.composer.attachment_chips import AttachmentChips, Chip, ChipWidget

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


def chip(name: str) -> Chip:
    return Chip(name, name, "1 page", "ready", None, "file-text")


def test_many_new_chips_appear_in_several_steps(qtbot: QtBot, light_theme: Theme) -> None:
    chips = AttachmentChips(light_theme)
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
