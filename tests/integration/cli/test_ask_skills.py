"""`repartee ask --skill`, and skills in `repartee tools`."""

from __future__ import annotations

import json

from tests.integration.cli.command import Shell
from tests.integration.cli.test_mcp_command import asked, calling
from tests.unit.tools.test_skills import make_skill


async def test_skills_are_listed_with_their_faults(shell: Shell) -> None:
    make_skill(shell.outside / "home" / ".claude" / "skills", "forms", "Fills in forms.")
    broken = shell.outside / "home" / ".agents" / "skills" / "broken"
    broken.mkdir(parents=True)
    (broken / "SKILL.md").write_text("no front matter")
    done = await shell.run("tools", "--json")
    listed = {tool["name"]: tool["available"] for tool in done.json}
    assert (listed["skill:forms"], listed[f"skill:{broken}"]) == (True, False)
    assert (await shell.run("ask", "Hi", "--skill", "gone")).code == 2


def test_a_chosen_skill_is_read_without_a_question(shell: Shell) -> None:
    make_skill(shell.home / "data" / "skills", "forms", "Fills in forms.", "Use capitals.")
    script = calling("read_skill", skill="forms", file=None)
    done, bodies = asked(shell, script, "--skill", "forms")
    assert (done.code, done.json["answer"]) == (0, "Done.")
    (tool,) = bodies[0]["tools"]
    assert tool["name"] == "read_skill"
    assert "Fills in forms." in tool["description"]
    assert "Use capitals." not in json.dumps(bodies[0])
    assert "Use capitals." in json.dumps(bodies[1]["input"])
