"""Shows formulas in one view as soon as they are typeset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from desktop_app.transcript.keyboard.action_row import ActionRowPlacer
    from desktop_app.transcript.media.drawn_formulas import FormulaDrawer
    from desktop_app.transcript.media.typesetter import Typesetter
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor

_FORMULAS_S: Final = 0.008
"""Seconds for which formulas are drawn in one iteration of the event loop."""


class FormulaDisplay(QObject):
    """A timer that replaces the source of typeset formulas by drawings, in slices."""

    def __init__(
        self, formulas: FormulaDrawer, anchor: ScrollAnchor, actions: ActionRowPlacer
    ) -> None:
        super().__init__(anchor)
        self._formulas = formulas
        self._anchor = anchor
        self._actions = actions
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._show)

    def set_typesetter(self, typesetter: Typesetter) -> None:
        """Draw formulas with this typesetter; until then their source is shown."""
        self._formulas.set_typesetter(typesetter)
        typesetter.formulas_settled.connect(self._start_over)
        self._start_over()

    def _start_over(self) -> None:
        self._formulas.restart()
        self._show()

    def _show(self) -> None:
        with self._anchor.keep_position():
            if not self._formulas.draw_for(_FORMULAS_S):
                self._timer.start()
        self._actions.place_again()
