"""Limits for reading documents: the settings, and the values for the worker."""

from __future__ import annotations

from desktop_app.backend.backend import LIMIT_NAMES, build_backend, use_limits
from desktop_app.documents.worker.document_worker import Limits
from desktop_app.settings.schema import settings_of
from desktop_app.settings.setting import Group
from desktop_app.settings.values import with_defaults


def test_the_settings_are_the_limits_and_nothing_else() -> None:
    declared = {one.key for one in settings_of(Group.DOCUMENTS)} - {"documents.large_paste"}
    assert {f"documents.{name}" for name in LIMIT_NAMES} == declared


async def test_the_worker_gets_the_limits_of_the_settings() -> None:
    backend = build_backend()
    try:
        use_limits(backend, with_defaults({}))
        assert backend.documents.limits == Limits()
        use_limits(backend, with_defaults({"documents.pages": 100, "documents.file_mb": 10}))
        assert backend.documents.limits.pages == 100
        assert backend.documents.limits.file_bytes == 10 << 20
    finally:
        await backend.aclose()
