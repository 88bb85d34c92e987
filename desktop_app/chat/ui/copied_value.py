"""The value of a structured answer as text to copy."""

from __future__ import annotations

import json

from desktop_app.domain.conversations.conversation import Message
from desktop_app.markdown.structured_answer import json_value


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

    from desktop_app.domain.csv_cell import escape_cell
    from desktop_app.domain.json_table import rows_for_export

    table = rows_for_export(value)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in (table.columns, *table.rows):
        writer.writerow([escape_cell(cell) for cell in row])
    return buffer.getvalue()
