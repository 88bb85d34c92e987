"""Actions on answers with a schema: show them as text or as a table, copy them as JSON or CSV."""

from __future__ import annotations

import json

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Message
from desktop_app.i18n.translation import tr
from desktop_app.rendering.structured_answer import json_value
from desktop_app.ui.transcript.message_items import COPY_CSV, COPY_JSON, SHOW_JSON, SHOW_VALUE
from desktop_app.ui.window.main_window import MainWindow


class StructuredAnswers(QObject):
    """Actions on the JSON of the open conversation's answers."""

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window.pane)
        self._current = state.current
        self._messages = state.messages
        self._notifications = window.pane.notifications
        window.pane.transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        answer = self._current.message(message_id)
        if answer is None:
            return
        if action in (SHOW_JSON, SHOW_VALUE):
            self._messages.show_as_text(answer, action == SHOW_JSON)
        elif action in (COPY_JSON, COPY_CSV):
            self._copy(answer, as_csv=action == COPY_CSV)

    def _copy(self, answer: Message, *, as_csv: bool) -> None:
        text = text_to_copy(answer, as_csv=as_csv)
        if text is not None:
            QGuiApplication.clipboard().setText(text)
            self._notifications.notify(tr("Copied"))


def text_to_copy(answer: Message, *, as_csv: bool) -> str | None:
    """Return an answer's value as JSON or CSV; None if it is not JSON or nested too deeply."""
    try:
        value = json_value(answer)
    except ValueError:  # not JSON
        return None
    try:
        return csv_of(value) if as_csv else json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:  # a value that can just be read is too deep to be written
        return None


def csv_of(value: object) -> str:
    """Return a value as CSV (RFC 4180), in which no cell is a formula."""
    # Imported here, because start-up does not need these modules.
    import csv
    import io

    from desktop_app.domain.json_table import rows_for_export
    from desktop_app.exchange.csv_cell import escape_cell

    table = rows_for_export(value)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in (table.columns, *table.rows):
        writer.writerow([escape_cell(cell) for cell in row])
    return buffer.getvalue()
