"""Verdicts on answers: kept, shown, searched, counted, exported; edited answers as versions."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.review import ReviewKind, review_of
from desktop_app.exchange.writers.markdown_file import to_markdown
from desktop_app.storage.conversations.review_store import ReviewStore
from desktop_app.ui.window.review_dialog import ReviewDialog
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import KEYED, dialog_of


async def _answered(app: AppHarness, answer: str = "Because of **dust**.") -> None:
    app.type("Why is the sky blue?")
    app.enter()
    await until(lambda: bool(app.providers.turns))
    app.providers.turns[-1].end(answer)
    await app.settled()


async def _review(app: AppHarness, verdict: str, note: str = "", text: str = "") -> None:
    app.session.actions["answer.review"]()
    dialog = await dialog_of(ReviewDialog)
    if text:
        dialog.text.setPlainText(text)
    else:
        dialog.verdict.set_current(verdict)
    dialog.note.setText(note)
    dialog.save_button.click()
    await app.written()


async def test_a_verdict_is_shown_kept_found_counted_and_exported() -> None:
    async with AppHarness(environment=KEYED) as app:
        await _answered(app)
        await _review(app, "rejected", "It is scattering")
        await until(lambda: "Rejected: It is scattering" in app.transcript)
        stored = await app.backend.conversations.path(app.open_id)
        review = review_of(stored[-1])
        assert review is not None
        assert (review.kind, review.note) == (ReviewKind.REJECTED, "It is scattering")
        search = app.backend.search
        for text in ("is:rejected", "dust is:rejected", "is:REJECTED blue dust"):
            found = await search.find(text)
            expected = [] if "blue" in text else [stored[-1].id]
            assert [hit.message_id for hit in found] == expected, text
        assert await search.find("dust is:reviewed") == []
        assert "dust" in (await search.find("is:rejected"))[0].snippet
        store = ReviewStore(app.backend.database)
        (count,) = await store.counts(now().astimezone().date())
        assert await store.counts(now().astimezone().date() + timedelta(days=1)) == []
        assert count.counts[ReviewKind.REJECTED] == 1
        assert count.variant == "thinking"
        conversation = app.state.current.conversation
        assert "Rejected: It is scattering" in to_markdown(conversation, stored, str)
        await _review(app, "none")
        await until(lambda: "Rejected" not in app.transcript)
        assert await search.find("is:rejected") == []
        app.press_action("Undo")
        await until(lambda: "Rejected: It is scattering" in app.transcript)
        await app.written()
        assert await search.find("is:rejected")


@pytest.mark.slow
async def test_an_edited_answer_is_a_version_and_a_corrected_pair(tmp_path: Path) -> None:
    async with AppHarness(environment=KEYED) as app:
        await _answered(app)
        original = app.state.current.path[-1]
        await _review(app, "", "Wrong cause", text="Because of scattering.")
        await until(lambda: "Because of scattering." in app.transcript)
        assert "Edited by you: Wrong cause" in app.transcript
        edited = app.state.current.path[-1]
        assert edited.parent_id == original.parent_id
        assert edited.cost is None
        versions = await app.backend.conversations.versions_on_path(edited.conversation_id)
        assert versions == {edited.id: (original.id, edited.id)}
        (pair,), _ = await ReviewStore(app.backend.database).pairs([edited.conversation_id])
        assert (pair.question, pair.answer) == ("Why is the sky blue?", "Because of **dust**.")
        assert (pair.corrected, pair.note) == ("Because of scattering.", "Wrong cause")
        target = tmp_path / "pairs.jsonl"
        app.controllers.panel.transfer.export(None, "corrections", target)
        await until(target.exists)
        await until(lambda: "1 corrected response exported to" in app.said)
        (line,) = (await asyncio.to_thread(target.read_text, "utf-8")).splitlines()
        row = json.loads(line)
        assert (row["chosen"], row["rejected"]) == (pair.corrected, pair.answer)
        assert (row["prompt"], row["model"]) == (pair.question, "thinking")
        assert await app.backend.search.find("is:corrected scattering")
        app.type("And at dusk?")
        app.enter()
        await until(lambda: len(app.providers.turns) == 2)
        sent = str(app.providers.turns[-1].request.messages)
        assert "Because of scattering." in sent
        assert "dust" not in sent
        app.providers.turns[-1].end("Red.")
        await app.settled()
