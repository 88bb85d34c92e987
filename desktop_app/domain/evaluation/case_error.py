"""Errors in the cases of an evaluation."""

from __future__ import annotations

from desktop_app.i18n.translation import N_, tr


class CaseError(ValueError):
    """An error in a file of cases: a text marked for translation, and its values."""

    def __init__(self, text: str, /, **values: str | int) -> None:
        super().__init__(text)
        self._values = values

    def __str__(self) -> str:
        return tr(self.args[0], **self._values)


def line_place(number: int) -> str:
    """Return the place of a line."""
    return tr("line {number}", number=str(number))


def error_at(place: str, why: Exception) -> CaseError:
    """Return the error with its place."""
    return CaseError(N_("{place}: {why}"), place=place, why=str(why))
