"""Words outlive the deletion of what they were written into, if it had not seen them."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from desktop_app.chat.text_store import TextStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Folder, now
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.prompt import Prompt
from desktop_app.memory.memory import Memory
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.sync import format as form
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.messages import question
from tests.helpers.synced_computers import Computer, computers, settle


@pytest.fixture(autouse=True, scope="module")
def _quick_passphrase() -> Iterator[None]:
    with patch.object(form, "_SCRYPT_N", 1 << 4):
        yield


async def prepare(computer: Computer) -> None:
    """Add a conversation with a text, a prompt, and a project with a note."""
    await computer.add("c1")
    await computer.write(question("Asked"), "c1")
    await TextStore(computer.database).put(WrittenText("t1", "c1", "Text", "A text"))
    await PromptStore(computer.database).save([Prompt("p", "P", "A prompt", created_at=now())])
    await computer.folders.save(Folder("f", "Project", now()))
    await Memory(computer.database).add("A note", "f")


async def add_note(computer: Computer, words: str) -> None:
    await Memory(computer.database).add(words, "f")


async def change_note(computer: Computer, words: str) -> None:
    memory = Memory(computer.database)
    for note in await memory.notes_in("f"):
        await memory.change(note, words)


async def change_instructions(computer: Computer, words: str) -> None:
    for folder in await computer.folders.all():
        await computer.folders.save(replace(folder, overrides=Overrides(words)))


async def change_prompt(computer: Computer, words: str) -> None:
    prompts = PromptStore(computer.database)
    await prompts.save(replace(prompt, text=words) for prompt in await prompts.prompts())


async def change_text(computer: Computer, words: str) -> None:
    text = await TextStore(computer.database).latest_in("c1")
    if text is not None:
        await TextStore(computer.database).put(replace(text, body=words))


async def ask(computer: Computer, words: str) -> None:
    await computer.write(question(words), "c1")


def deletion(sql: str) -> Callable[[Computer], Awaitable[None]]:
    async def delete(computer: Computer) -> None:
        await computer.database.execute(sql)

    return delete


async def erase(computer: Computer) -> None:
    await computer.conversations.erase(["c1"])


DELETE_PROJECT = deletion("DELETE FROM folders")
DELETE_NOTE = deletion("DELETE FROM memory")
DELETE_PROMPT = deletion("DELETE FROM prompts")
DELETE_TEXT = deletion("DELETE FROM texts")
CASES = [
    (add_note, DELETE_PROJECT),
    (change_note, DELETE_NOTE),
    (change_note, DELETE_PROJECT),
    (change_instructions, DELETE_PROJECT),
    (change_prompt, DELETE_PROMPT),
    (change_text, DELETE_TEXT),
    (change_text, erase),
    (ask, erase),
]


@given(
    case=st.sampled_from(CASES),
    is_reversed=st.booleans(),
    moments=st.lists(st.sampled_from(["write", "write too", "delete", *"abc"]), max_size=12),
    are_clocks_wrong=st.tuples(*[st.sampled_from([0, 10**12])] * 3),
)
@settings(max_examples=min(1_000, examples(60)), deadline=None, phases=[Phase.generate])
def test_what_was_written_before_its_place_was_deleted_elsewhere_is_on_all_computers(
    case: tuple[Callable[[Computer, str], Awaitable[None]], Callable[[Computer], Awaitable[None]]],
    is_reversed: bool,
    moments: list[str],
    are_clocks_wrong: tuple[int, ...],
) -> None:
    """The deleting computer hears nothing after its deletion, until the end."""
    write, delete = case

    @blocking
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with computers(Path(folder), "x", "y", "z") as made:
                names = {each.name: await each.sync._device() for each in made}
                made.sort(key=lambda each: names[each.name] or "", reverse=is_reversed)
                deleting, writing, third = made
                for each, offset in zip(made, are_clocks_wrong, strict=True):
                    sql = "UPDATE sync_device SET clock = clock + ?"
                    await each.database.execute(sql, offset)
                await prepare(deleting)
                await settle(made)
                done = set()
                for moment in [*moments, "write", "delete"]:
                    if moment == "delete" and moment not in done:
                        await delete(deleting)
                    elif moment == "write" and moment not in done:
                        await write(writing, "Unseen")
                    elif moment == "write too" and moment not in done and "delete" not in done:
                        await write(third, "Others")
                    elif moment in "abc" and not (moment == "a" and "write" in done):
                        await made["abc".index(moment)].sync.synchronize()
                    if moment == "b" and "delete" in done and "write" not in done:
                        return  # it was heard of first
                    if moment == "a" and "write too" in done and "delete" not in done:
                        return  # what was seen may have replaced what was not
                    done.add(moment)
                await settle(made)
                contents = [await each.content() for each in made]
                assert contents[0] == contents[1] == contents[2]
                words = str(contents[0]) + str(
                    await deleting.database.rows("SELECT body FROM text_versions")
                )
                assert "Unseen" in words or ("write too" in done and "Others" in words)

    run()


@pytest.mark.parametrize(("write", "delete"), CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("is_reversed", [False, True])
async def test_a_deletion_that_had_seen_all_wins(
    tmp_path: Path,
    write: Callable[[Computer, str], Awaitable[None]],
    delete: Callable[[Computer], Awaitable[None]],
    is_reversed: bool,
) -> None:
    async with computers(tmp_path, "x", "y") as made:
        names = {each.name: await each.sync._device() for each in made}
        made.sort(key=lambda each: names[each.name] or "", reverse=is_reversed)
        await prepare(made[0])
        await settle(made)
        await write(made[1], "Seen")
        await settle(made)
        await delete(made[0])
        await settle(made)
        contents = [await each.content() for each in made]
        assert contents[0] == contents[1]
        assert "Seen" not in str(contents[0])
