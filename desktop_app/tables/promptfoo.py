"""promptfoo's files: their prompts, models and tests are a table's questions, models and rows.

Source: promptfoo.dev/docs/configuration: prompts, providers, test cases, assertions. A file that
promptfoo would ask or check otherwise is refused, with the line. What changes no answer and no
check is left out, and named.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import tr
from desktop_app.tables.checks import (
    COST,
    JUDGE,
    KINDS,
    NAMES,
    OPTIONS,
    SCHEMA,
    TIME,
    check_named,
    check_of,
)
from desktop_app.tables.table import Check, NewRow, Row
from desktop_app.tables.table_source import (
    MAX_ROWS,
    Line,
    csv_lines,
    json_lines,
    located,
    path_beside,
)
from desktop_app.tables.template import filled

ENDINGS: Final = (".yaml", ".yml", ".json")
MAX_BYTES: Final = 16 << 20
"""Of a file: 64 MB of small JSON values take 2 GB of memory."""
_MAX_REPEATS: Final = 100
_MAX_NAME_CHARS: Final = 60
_FILE: Final = "file://"
_EXPECTED: Final = "__expected"
_OPENAI: Final[tuple[list[str], ...]] = ([], ["chat"], ["responses"])
_EFFORTS: Final = ("reasoning_effort", "effort")
_UNUSED: Final = frozenset(
    "$schema tags outputPath sharing env commandLineOptions writeLatestResults metadata".split()
)
_ASSERTION: Final = re.compile(
    r"(?P<type>[a-z][a-z-]*)(?:\((?P<most>[\d.]+)\))?(?::(?P<value>.*))?", re.DOTALL
)
_REFUSED_TYPES: Final = frozenset(
    "javascript fn eval python ruby webhook similar classifier levenshtein perplexity factuality "
    "moderation contains-json contains-sql is-sql contains-xml is-xml contains-html is-html".split()
)
"""Those of promptfoo's that a cell of CSV is likely to have."""
_MEASURED: Final = {"cost": COST, "latency": TIME}
_LISTS: Final = ("contains-all", "icontains-all")
_TYPES: Final = frozenset(
    (*NAMES, *_MEASURED, *_LISTS, "contains-any", "icontains-any", "starts-with")
) - {TIME, JUDGE, SCHEMA, "json"}
_CODE: Final = (".js", ".cjs", ".mjs", ".ts", ".py", ".rb")


class Prompt(NamedTuple):
    """A prompt, and its label; "" for none."""

    text: str
    label: str = ""


class Evaluation(NamedTuple):
    """What a file of promptfoo asks.

    Attributes:
        models: as `--model` takes them.
        unknown: the providers that are left out.
        unused: the names of settings that are left out.
    """

    name: str
    prompts: Sequence[Prompt]
    models: Sequence[str]
    unknown: Sequence[str]
    rows: Sequence[NewRow]
    repeats: int
    unused: Sequence[str]


class _Mapping(dict[str, Any]):
    """A mapping of a YAML file, with its line."""

    line = 0


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Loads plain values, and each mapping with its line."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[_Mapping]:
    made = _Mapping()
    made.line = node.start_mark.line + 1
    yield made
    loader.flatten_mapping(node)
    made.update({str(k): v for k, v in loader.construct_mapping(node, deep=True).items()})
    for key, value in node.value:
        if key.value == "vars" and isinstance(value, yaml.MappingNode):
            loader.flatten_mapping(value)
            made["vars"] = {name.value: _as_written(each) for name, each in value.value}


def _as_written(node: yaml.Node) -> Any:
    """Return the text of a value, such as 1.50 or 007; None for null, {} for a mapping."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag.endswith(":null") else node.value
    return list(map(_as_written, node.value)) if isinstance(node, yaml.SequenceNode) else {}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_promptfoo(path: Path, *, may_be_document: bool) -> Evaluation | None:
    """Return what a file of promptfoo asks; None for another file. Blocking.

    Args:
        may_be_document: a file that cannot be parsed is another one.

    Raises:
        ValueError: with a sentence that names the line and the reason.
        OSError, RefusedFileError: it cannot be read.
    """
    try:
        found = _parsed(path, _text_of(path))
    except ValueError:
        if may_be_document:
            return None
        raise
    if isinstance(found, list) and found and all(_is_test(each) for each in found):
        found = _Mapping(tests=found)
    if not isinstance(found, _Mapping | dict) or "tests" not in found:
        return None
    return _Reader(path.parent).evaluation(found, path.name)


def as_cases(folder: Path, rows: Iterable[NewRow], *, are_cases: bool) -> Iterator[NewRow]:
    """Yield rows with the checks in columns such as `__expected`.

    Args:
        are_cases: columns such as `contains` and `not` are checks, too, and `files` names files.

    Raises:
        ValueError: with a sentence that names the row and the reason.
    """
    columns = (*KINDS, *OPTIONS, "files") if are_cases else ()
    for row, data in rows:
        texts = {name: v if isinstance(v, str) else v.text for name, v in data.items()}
        named = {name: text for name, text in texts.items() if text and name in columns}
        expected = {name: text for name, text in texts.items() if name.startswith(_EXPECTED)}
        try:
            names = (name.strip() for name in named.pop("files", "").split(";"))
            paths = [str(path_beside(folder, name)) for name in names if name]
            options = {n: json.loads(named.pop(n).lower()) for n in OPTIONS if n in named}
            made = [check_named(kind, text) for kind, text in named.items()]
            checks = [check_of({each.kind: each.value, **options}) for each in made]
            for text in filter(str.strip, expected.values()):
                checks += _checks_of(_assertion_of(text), texts)
        except ValueError as error:
            raise ValueError(f"{row.name}: {error}") from error
        left = {n: value for n, value in data.items() if n not in columns and n not in expected}
        all_checks, all_paths = (*row.checks, *checks), (*row.paths, *paths)
        yield NewRow(replace(row, paths=all_paths, checks=all_checks), left)


class _LocatedError(ValueError):
    """An error that names its line."""


@contextmanager
def _at(line: int) -> Iterator[None]:
    """Have an error name its line, unless it does or the line is unknown (0)."""
    try:
        yield
    except ValueError as error:
        if not line or isinstance(error, _LocatedError):
            raise
        raise _LocatedError(*located(line, error).args) from error


class _Reader:
    """Reads the files of an evaluation, all from one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unused: set[str] = set()
        self._tests_read: set[str] = set()

    def evaluation(self, found: Mapping[str, Any], file: str) -> Evaluation:
        config = dict(found)
        title = str(config.pop("description", "") or file)
        prompts = [
            each for item in _list(config.pop("prompts", [])) for each in self._prompts(item)
        ]
        models, unknown = self._models(_list(config.pop("providers", config.pop("targets", []))))
        options = dict(_table(config, "evaluateOptions"))
        repeats = options.pop("repeat", 1)
        if not isinstance(repeats, int) or not 1 <= repeats <= _MAX_REPEATS:
            raise _unsupported("evaluateOptions.repeat")
        if isinstance(name := config.get("defaultTest"), str):
            config["defaultTest"] = _parsed(Path(name), self._file(name)[0])
        default, tests = _table(config, "defaultTest"), config.pop("tests")
        self._leave_out(options, "evaluateOptions.", None)
        self._leave_out(config.keys() - {"evaluateOptions", "defaultTest"}, "", _UNUSED)
        rows: list[NewRow] = []
        for line, test in self._tests(tests):
            with _at(line):
                made = self._rows(test, default, str(len(rows) + 1))
                rows += islice(made, MAX_ROWS + 1)
            if len(rows) > MAX_ROWS:
                raise ValueError(tr("more than {count} rows", count=MAX_ROWS))
        if not rows:
            raise ValueError(tr("there are no cases in this file"))
        return Evaluation(title, prompts, models, unknown, rows, repeats, sorted(self._unused))

    def _leave_out(
        self, given: Iterable[str], prefix: str, known: Iterable[str] | None = ()
    ) -> None:
        """Note settings that change nothing here; refuse others. All are known by None."""
        for name in given:
            if known is not None and name not in known:
                raise _unsupported(f"{prefix}{name}")
            self._unused.add(f"{prefix}{name}")

    # -- prompts and models

    def _prompts(self, item: Any) -> Iterator[Prompt]:
        label = ""
        if isinstance(item, dict):
            label = str(item.get("label") or "")
            item = item.get("raw") or item.get("id")
        if not isinstance(item, str) or not item.strip():
            raise _unsupported("prompts")
        texts = [item]
        if item.startswith(_FILE) or (_is_line(item) and (self._folder / item).is_file()):
            text, ending = self._file(item)
            if ending not in (".txt", ".md"):
                raise _unsupported(item)
            texts = (
                re.split(r"^---[ \t]*$", text, flags=re.MULTILINE) if ending == ".txt" else [text]
            )
        for text in filter(None, (text.strip() for text in texts)):
            if "{%" in text or text.startswith(("[{", "[\n")):
                raise _unsupported(text.splitlines()[0][:60])
            yield Prompt(text, label)

    def _models(self, items: Sequence[Any]) -> tuple[list[str], list[str]]:
        """Return the models of OpenAI, each with its effort, and the names of other providers."""
        models, unknown = [], []
        for item in items:
            config: dict[str, Any] = {}
            if isinstance(item, dict):
                config = dict(_table(item, "config"))
                self._leave_out(item.keys() - {"id", "config"}, "providers.", ("label",))
                item = item.get("id")
            kind, *words = str(item).split(":")
            if kind != "openai" or not words or len(words) > 2 or words[:-1] not in _OPENAI:
                unknown.append(str(item))
                continue
            efforts = [config.pop(name) for name in _EFFORTS if name in config]
            self._leave_out(config, "providers.config.", None)
            models.append("/".join([words[-1], *map(str, efforts[:1])]))
        return models, unknown

    # -- tests

    def _tests(self, tests: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield each test with its line, or its number in a file of JSON."""
        for number, test in enumerate(_list(tests), 1):
            if isinstance(test, str):
                yield from self._tests_of_file(test)
            elif isinstance(test, dict):
                yield getattr(test, "line", 0) or number, test
            else:
                raise _unsupported("tests")

    def _tests_of_file(self, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        if name in self._tests_read:  # perhaps this very file
            raise _unsupported(name)
        self._tests_read.add(name)
        text, ending = self._file(name)
        if ending == ".csv":
            for line in csv_lines(io.StringIO(text, newline="")):
                with _at(line.number):
                    test = _test_of_csv(line)
                yield line.number, test
        elif ending == ".jsonl":
            for line in json_lines(io.StringIO(text)):
                yield from self._tests(line.values)
        elif ending in ENDINGS:
            yield from self._tests(_parsed(Path(name), text))
        else:
            raise _unsupported(name)

    def _rows(
        self, test: Mapping[str, Any], default: Mapping[str, Any], name: str
    ) -> Iterator[NewRow]:
        """Yield a row for each combination of the values that variables list."""
        for each in (default, test):
            known = ("vars", "assert", "description", "metadata")
            if strange := next((key for key in each if key not in known and each[key]), None):
                raise _unsupported(strange)
        self._unused |= {"metadata"} & {*default, *test}
        variables = {**_table(default, "vars"), **_table(test, "vars")}
        assertions = [*_list(default.get("assert")), *_list(test.get("assert"))]
        listed = {key: v if isinstance(v, list) else [v] for key, v in variables.items()}
        values = [[self._value(key, each) for each in given] for key, given in listed.items()]
        name = str(test.get("description") or name)
        for combination in product(*values):
            data = dict(zip(map(str, variables), combination, strict=True))
            checks = [check for each in assertions for check in self._checks(each, data)]
            yield NewRow(Row(0, name, checks=tuple(checks)), data)

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return self._file(value)[0] if value.startswith(_FILE) else value
        if isinstance(value, list | dict):
            raise _unsupported(f"vars.{name}")
        return (
            "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        )

    def _checks(self, assertion: Any, data: Mapping[str, str]) -> list[Check]:
        if not isinstance(assertion, dict):
            raise _unsupported("assert")
        with _at(getattr(assertion, "line", 0)):
            if isinstance(value := assertion.get("value"), str) and value.startswith(_FILE):
                assertion = {**assertion, "value": self._file(value)[0]}
            return _checks_of(assertion, data)

    # -- files

    def _file(self, name: str) -> tuple[str, str]:
        """Return the text of a file that a file names, and its ending. Raises ValueError."""
        name = name.removeprefix(_FILE)
        path = path_beside(self._folder, name)
        if path.suffix.lower() in _CODE:
            raise _unsupported(name)
        try:
            return _text_of(path), path.suffix.lower()
        except (OSError, RefusedFileError) as error:
            raise ValueError(tr("there is no file “{name}”", name=name)) from error


def _text_of(path: Path) -> str:
    with open_file(path) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(tr("more than 16 MB"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(tr("it isn’t UTF-8 text")) from error


def _parsed(path: Path, text: str) -> Any:
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader that knows lines
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or tr("it isn’t valid YAML")
        raise located(mark.line + 1 if mark else 1, ValueError(problem)) from error


def _is_test(value: Any) -> bool:
    return isinstance(value, dict) and ("vars" in value or "assert" in value)


def _is_line(text: str) -> bool:
    return "\n" not in text and len(text) < _MAX_NAME_CHARS


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _table(test: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = test.get(name) or {}
    if not isinstance(found, dict):
        raise _unsupported(name)
    return found


def _test_of_csv(line: Line) -> Mapping[str, Any]:
    """Return the test of a line of CSV, some of whose columns are settings."""
    cells = {name: cell for name, cell in line.values.items() if cell.strip()}
    for name in cells:
        is_known = name.startswith(_EXPECTED) or name in ("__description", "__metric")
        if name.startswith("__") and not is_known and not name.startswith("__metadata:"):
            raise _unsupported(name)
    return {
        "vars": {n: cell for n, cell in line.values.items() if not n.startswith("__")},
        "assert": [_assertion_of(t) for n, t in cells.items() if n.startswith(_EXPECTED)],
        "description": cells.get("__description"),
    }


# ------------------------------------------------------------------ assertions


def _assertion_of(text: str) -> dict[str, Any]:
    """Return the assertion of a cell such as "contains: Paris"; of others, that it equals it."""
    found = _ASSERTION.fullmatch(text.strip())
    kind = found["type"].removeprefix("not-") if found else ""
    if found is None or kind not in _TYPES | _REFUSED_TYPES:
        return {"type": "equals", "value": text.strip()}
    value: Any = (found["value"] or "").strip()
    if kind.endswith(("-all", "-any")):
        value = [each.strip() for each in value.split(",")]
    return {"type": found["type"], "value": value, "threshold": found["most"]}


def _checks_of(assertion: Mapping[str, Any], data: Mapping[str, str]) -> list[Check]:
    """Return the checks that an assertion of promptfoo is. Raises ValueError."""
    type_, value = str(assertion.get("type")), assertion.get("value")
    kind, is_negated = type_.removeprefix("not-"), type_.startswith("not-")
    most = assertion.get("threshold")
    strange = set(assertion) - {"type", "value", "threshold", "metric", "description"}
    strange -= {"weight"} if assertion.get("weight") else set()  # without one, it does not count
    if strange or (most is not None and kind not in _MEASURED):
        raise _unsupported(f"{type_}.{min(strange, default='threshold')}")
    if kind not in _TYPES or (is_negated and kind.endswith("-all")):
        raise ValueError(tr("there is no check “{name}”", name=type_))
    if kind in _MEASURED:
        given = most if most is not None else value
        try:
            limit = float(str(given)) / (1 if kind == COST else 1_000)
        except ValueError as error:
            raise ValueError(tr("the value of “{name}” has the wrong type", name=type_)) from error
        return [check_named(f"{'not-' * is_negated}{_MEASURED[kind]}", limit)]
    texts = [
        filled(str(each), data) if not isinstance(each, dict) else each for each in _list(value)
    ]
    if kind == "starts-with":
        kind, texts = "regex", [rf"\A\s*{re.escape(str(each))}" for each in texts]
    elif kind.endswith("-any"):
        # The way in which a pattern ignores case.
        case = "(?i)" if kind.startswith("i") else ""
        kind, texts = "regex", [case + "|".join(re.escape(str(each)) for each in texts)]
    names = "not-" * is_negated + kind.removesuffix("-all")
    if kind not in _LISTS and len(texts) > 1:
        raise ValueError(tr("the value of “{name}” has the wrong type", name=type_))
    return [check_named(names, each) for each in texts or [""]]


def _unsupported(name: str) -> ValueError:
    return ValueError(tr("“{name}” isn’t supported", name=name))
