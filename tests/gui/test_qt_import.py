"""Qt's enums, made without the checks of each member, are those that Python makes."""

from __future__ import annotations

import subprocess
import sys
from enum import Flag

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QMessageBox, QStyle

from desktop_app.app.startup import qt_import

ENUMS = (
    *(value for value in vars(Qt).values() if hasattr(value, "__members__")),
    QEvent.Type,
    QFrame.Shape,
    QMessageBox.StandardButton,
    QStyle.StateFlag,
)


@pytest.mark.parametrize("made", ENUMS, ids=lambda made: made.__qualname__)
def test_an_enum_of_qt_is_as_python_makes_it(made: type) -> None:
    pairs = [(name, member.value) for name, member in made.__members__.items()]
    base, boundary = made.__mro__[1], qt_import.enum.KEEP
    quick = qt_import._create_enum(base, made.__name__, pairs, boundary=boundary)
    usual = qt_import._create(base, made.__name__, pairs, boundary=boundary)
    assert _described(quick) == _described(usual)


def _described(made: type) -> list[object]:
    members = list(made.__members__.values())
    combined = [members[0] | members[-1], ~members[0]] if issubclass(made, Flag) else []
    several = [*members, *combined, *(made(member.value) for member in members)]
    facts = [(repr(m), str(m), m.name, m.value, m.__dict__["_sort_order_"]) for m in members]
    return [list(map(repr, made)), len(made), *map(repr, several), *facts, list(made.__members__)]


def test_an_error_still_names_the_accepted_arguments() -> None:
    source = """
import desktop_app.app.startup.qt_import
from PySide6.QtCore import QObject
try:
    QObject().startTimer("soon")
except TypeError as error:
    print(error)
"""
    printed = subprocess.check_output([sys.executable, "-c", source], text=True)
    assert "startTimer(interval: int" in printed
