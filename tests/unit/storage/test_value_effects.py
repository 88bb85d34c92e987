"""The table of what stored values do automatically names all of them."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import desktop_app
from desktop_app.domain.answering.generation import PARAMETER_NAMES
from desktop_app.domain.stored_table import OVERRIDES, Effect, StoredValue
from desktop_app.features import imported
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS
from desktop_app.storage import value_effects
from desktop_app.storage.schema import migrate
from desktop_app.storage.sqlite_connection import connect_in_memory
from desktop_app.storage.stored_tables import stored_tables, traveling_columns
from desktop_app.storage.value_effects import effect_of
from tests.helpers.full_store import fill
from tests.unit.storage.samples import opened


def test_each_column_has_one_effect() -> None:
    stored: dict[str, list[str]] = {}
    with closing(connect_in_memory()) as connection:
        migrate(connection)
        sql = """SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
            WHERE t.type = 'table' AND t.name NOT LIKE '%index\\_%' ESCAPE '\\'"""
        for table, column in connection.execute(sql):
            stored.setdefault(table, []).append(column)
    named = {n: " ".join(t.columns.values()).split() for n, t in stored_tables().items()}
    assert {t: sorted(names) for t, names in named.items()} == {
        t: sorted(names) for t, names in stored.items() if t in named or is_used(t)
    }


def is_used(table: str) -> bool:
    """Return True if the program reads or writes a table; a deleted feature's waits for it."""
    used = re.compile(rf"(?:FROM|INTO|UPDATE|JOIN) {table}\b")
    root = Path(desktop_app.__file__).parent
    files = (path for path in root.rglob("*.py") if path.name not in ("schema.py", "store_file.py"))
    return any(used.search(path.read_text("utf-8")) for path in files)


def test_each_setting_has_an_effect() -> None:
    declared = [setting.key for setting in SETTINGS if not setting.key.startswith(KEYS_PREFIX)]
    assert [key for key in declared if key not in value_effects.setting_effects()] == []
    unknown = [(place, key) for place, key in written_keys() if effect_of(key) is None]
    assert unknown == []


def test_each_field_of_a_stored_value_has_one_effect() -> None:
    for name, table in stored_tables().items():
        for column, value in table.values.items():
            declared = sorted(" ".join(value.fields.values()).split())
            assert declared == sorted(fields_of(value)), (name, column)
            [effect] = (e for e, names in table.columns.items() if column in names.split())
            assert effect in value.fields, (name, column)


def fields_of(value: StoredValue) -> set[str]:
    fields: set[str] = set(imported(value.type).__struct_fields__)
    if value.type == OVERRIDES:  # parameters are beside the other fields
        fields = fields - {"parameters", "names"} | PARAMETER_NAMES
    return fields


async def test_each_stored_object_is_declared(tmp_path: Path) -> None:
    """A column with JSON objects is a value whose fields have effects, or all of it is shown."""
    async with opened(tmp_path / "store.sqlite3") as database:
        await fill(database, tmp_path / "attachments")
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
        for name, table in stored_tables().items():
            for column in " ".join(table.columns.values()).split():
                cells = connection.execute(f"SELECT {column} FROM {name}").fetchall()
                if any(isinstance(value, str) and value.startswith('{"') for (value,) in cells):
                    assert column in table.values or (name, column) in SHOWN, (name, column)


SHOWN = {
    ("settings", "value"),  # by its key: see `setting_effects`
    ("conversations", "draft"),
    ("messages", "error"),
    ("repeats", "error"),
    ("repeat_runs", "error"),
    ("table_answers", "error"),
    ("table_runs", "error"),
    ("table_rows", "error"),
}


def test_only_what_starts_nothing_travels() -> None:
    for name, table in stored_tables().items():
        harmless = [table.columns.get(each, "") for each in (Effect.PLAIN, Effect.LISTED)]
        if table.synced is not None:
            traveling = {*traveling_columns(name), table.synced.key}
            assert traveling <= set(" ".join(harmless).split()), name
    for key, (effect, travels) in value_effects.setting_effects().items():
        assert not travels or effect in (Effect.PLAIN, Effect.LISTED), key


def test_whatever_acts_can_be_switched_off() -> None:
    for name, table in stored_tables().items():
        assert (Effect.ACTS in table.columns) == bool(table.switch_off), name


def written_keys() -> Iterator[tuple[str, str]]:
    """Yield each key that the program stores by a name or a literal, with its place."""
    root = Path(desktop_app.__file__).parent
    trees = {path: ast.parse(path.read_bytes()) for path in root.rglob("*.py")}
    constants: dict[str, set[str]] = {}
    for tree in trees.values():
        for node in tree.body:
            target = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(node, ast.Assign):
                target = node.targets[0]
            value = getattr(node, "value", None)
            is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
            if isinstance(target, ast.Name) and is_text:
                constants.setdefault(target.id, set()).add(value.value)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr != "set" or not node.args:
                continue
            if "sett" not in ast.unparse(node.func.value).lower():
                continue
            key = node.args[0]
            if isinstance(key, ast.Constant):
                yield f"{path.name}:{node.lineno}", str(key.value)
            elif isinstance(key, ast.Name):
                for value in constants.get(key.id, ()):
                    if "." in value:
                        yield f"{path.name}:{node.lineno}", value
