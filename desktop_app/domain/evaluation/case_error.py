"""Errors in the cases of an evaluation."""

from __future__ import annotations

from desktop_app.i18n.translation import N_, tr


class CaseError(ValueError):
    """An error in a file of cases: a message marked for translation, and its parameters."""

    def __init__(self, text: str, /, **values: str | int) -> None:
        super().__init__(text)
        self._values = values

    def __str__(self) -> str:
        return tr(self.args[0], **self._values)


def line_place(number: int) -> str:
    """Return the name of a line in messages, such as "line 3"."""
    return tr("line {number}", number=str(number))


def error_at(place: str, why: Exception) -> CaseError:
    """Return an error that also says where in the file it is."""
    return CaseError(N_("{place}: {why}"), place=place, why=str(why))
