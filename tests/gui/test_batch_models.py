"""The tables of batch jobs."""

from __future__ import annotations

import pytest

from desktop_app.domain.batch.batch_jobs import BatchLine, ItemStatus
from desktop_app.ui.batch.batch_models import BatchLineModel


@pytest.mark.usefixtures("qapp")
def test_unanswered_files_keep_their_rows_while_others_are_answered() -> None:
    failed = BatchLine(1, "a.pdf", ItemStatus.FAILED, 10, None, None)
    sent = BatchLine(2, "b.pdf", ItemStatus.SENT, 10, None, None)
    model = BatchLineModel()
    model.set_lines([failed, sent])
    model.show_unanswered_only(True)
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    answered = sent._replace(status=ItemStatus.ANSWERED)
    model.set_lines([failed, answered], (1, 1))
    assert not resets
    assert model.rows == [failed]
    model.set_lines([failed, sent._replace(status=ItemStatus.FAILED)], (1, 1))
    assert len(resets) == 1
    assert len(model.rows) == 2
    model.show_unanswered_only(False)
    assert len(model.rows) == 2
