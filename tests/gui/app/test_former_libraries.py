"""The window of today on libraries of every earlier version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from desktop_app.paths import folders
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.former_libraries import FEW, FormerLibrary


@pytest.mark.parametrize("name", FEW)
async def test_a_former_library_is_shown(name: str, tmp_path: Path) -> None:
    library = FormerLibrary(name, tmp_path)
    shutil.copytree(library.home / "data", folders().database.parent, dirs_exist_ok=True)
    exported = library.expected["export"]
    conversations = exported["conversations"]
    listed = {each["name"] for each in exported["folders"]}
    listed |= {
        each["title"] for each in conversations if not each["folder_id"] and not each["archived"]
    }
    async with AppHarness(has_real_providers=True) as app:
        await until(lambda: listed <= set(app.rows))
        for each in conversations:
            await app.open_conversation(each["id"])
            question = each["messages"][0]["parts"][0]["text"].split()[0]
            await until(lambda word=question: word in app.transcript)
        palette = await app.search("quince")
        found = library.expected["search"]["quince"]
        await until(lambda: palette.model.rowCount() >= len(found))
        await app.written()
