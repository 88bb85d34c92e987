"""The fixture of tests in which the document worker is not the subject."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop_app.documents.worker import document_worker
from tests.helpers.reader_server import reader_command, serving_readers


@pytest.fixture(scope="module")
def forked_readers() -> Iterator[None]:
    """Fork the document workers, instead of starting a process for each."""
    with serving_readers() as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_worker, "child_command", reader_command(address))
        yield
