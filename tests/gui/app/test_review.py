"""Marks on answers: shown, kept, found, exported."""

from __future__ import annotations

from desktop_app.writers.markdown_file import to_markdown
from tests.gui.app.app_harness import KEYED, AppHarness, until


async def test_a_mark_is_shown_kept_found_and_exported() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.session.actions["answer.review"].trigger()
        assert "There is no response to mark." in app.said
        await app.ask_and_answer("Why is the sky blue?", "Because of **dust**.")
        app.session.actions["answer.review"].trigger()
        await until(lambda: "Reviewed" in app.transcript)
        app.act("review")
        await until(lambda: "Rejected" in app.transcript)
        await app.written()
        stored = await app.backend.conversations.path(app.open_id)
        search = app.backend.search
        for text in ("is:rejected", "dust is:rejected", "is:REJECTED blue dust"):
            found = await search.find(text)
            expected = [] if "blue" in text else [stored[-1].id]
            assert [hit.message_id for hit in found] == expected, text
        assert await search.find("dust is:reviewed") == []
        assert "dust" in (await search.find("is:rejected"))[0].snippet
        assert "Rejected" in to_markdown(app.state.current.conversation, stored, str)
        app.act("review")
        await until(lambda: "Rejected" not in app.transcript)
        await app.written()
        assert await search.find("is:rejected") == []
