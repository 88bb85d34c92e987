"""Skills: their folders, what models get of them, and folders that are none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from desktop_app.documents.index.token_count import count_tokens
from desktop_app.domain.tools.tool import READ_SKILL, ToolContext, ToolError
from desktop_app.tools.calls.tool_set import ToolCatalog, ToolSet
from desktop_app.tools.skills.skill_folder import MAX_FILE_BYTES, read_skills, read_text
from desktop_app.tools.skills.skill_source import SkillSource


def make_skill(
    place: Path, name: str, description: str = "For tests.", body: str = "Do it."
) -> Path:
    folder = place / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {description}\n---\n{body}\n"
    )
    return folder


async def read(tools: ToolSet, skill: str, file: str | None = None) -> str:
    definition, source = tools.tools[READ_SKILL]
    return await source.call(definition, {"skill": skill, "file": file}, ToolContext("c"))


async def test_a_model_gets_descriptions_and_reads_chosen_skills(tmp_path: Path) -> None:
    folder = make_skill(tmp_path, "forms", "Fills in forms.", "Read references/fields.md.")
    (folder / "references").mkdir()
    (folder / "references" / "fields.md").write_text("All fields.")
    make_skill(tmp_path, "other")
    catalog = ToolCatalog([SkillSource([tmp_path])])
    assert not await catalog.choose([])  # nothing is on by itself
    tools = await catalog.choose(["skill:forms"])
    (definition,) = tools.definitions
    assert "Fills in forms." in definition.sent_text
    assert "references/fields.md" not in definition.sent_text
    text = await read(tools, "forms")
    assert "Read references/fields.md." in text
    assert text.endswith("Files of this skill: references/fields.md")
    assert await read(tools, "forms", "references/fields.md") == "All fields."
    with pytest.raises(ToolError):  # it is not chosen
        await read(tools, "other")
    assert (await catalog.choose(["skill:gone"])).missing == ("skill:gone",)


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "a/../../secret",
        "",
        ".",
        "link",
        "away/secret",
        "a\\b",
        "none",
        "pipe",
    ],
)
def test_no_path_leaves_the_folder(tmp_path: Path, name: str) -> None:
    folder = make_skill(tmp_path / "skills", "forms")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "away").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    with pytest.raises(ToolError):
        read_text(folder, name)


def test_bad_folders_are_refused_and_the_rest_loads(tmp_path: Path) -> None:
    make_skill(tmp_path, "good")
    make_skill(tmp_path, "huge")
    with (tmp_path / "huge" / "SKILL.md").open("ab") as file:
        file.truncate(50 * MAX_FILE_BYTES)
    for name, head in [
        ("broken", "name: [a"),
        ("escape", "name: ../up\ndescription: x"),
        ("bare", "name: bare"),
        ("tag", "name: !!python/object:os.system x\ndescription: x"),
        ("list", "- a"),
        ("deep", "[" * 5000),
    ]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "SKILL.md").write_text(f"---\n{head}\n---\n")
    make_skill(tmp_path / "b", "good")
    (tmp_path / "linked").symlink_to(tmp_path / "good")
    skills = read_skills([tmp_path, tmp_path / "b", tmp_path / "missing"])
    assert [skill.name for skill in skills if not skill.refusal] == ["good"]
    assert sum(skill.refusal is not None for skill in skills) == 9


async def test_fifty_skills_are_short_and_fast(tmp_path: Path) -> None:
    for number in range(50):
        make_skill(tmp_path, f"skill-{number}", "Words of a description. " * 40)
    catalog = ToolCatalog([SkillSource([tmp_path])])
    names = [f"skill:skill-{number}" for number in range(50)]
    await catalog.choose(names)  # the first question reads the front matter
    start = time.process_time()
    (definition,) = (await catalog.choose(names)).definitions
    assert time.process_time() - start < 0.1  # usually 10 ms
    assert count_tokens(definition.sent_text) <= 2500
