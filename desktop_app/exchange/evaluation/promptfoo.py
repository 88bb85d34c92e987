"""Reads the tests of promptfoo: YAML or JSON configurations, lists of tests, and CSV files.

Each test with each prompt becomes a case; the assertions of the test become checks of the case. In
a CSV file, a row is a test, and a cell of an `__expected` column is an assertion.

Scripts, model-specific assertions, thresholds and transformations are refused: if they were
ignored, the result of a case would differ from promptfoo's.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, Final

from desktop_app.domain.evaluation.case_error import (
    CaseError,
    CaseFault,
    CasePlace,
    PlaceKind,
    located_error,
)
from desktop_app.domain.evaluation.evaluation_case import Check, EvaluationCase, check_from_json

ReadSibling = Callable[[str], str]
"""Returns the text of a file, named relative to the folder of the cases. Raises ValueError."""
_Row = Mapping[str, Any]
"""An object of the file: a configuration or a test."""

INPUT_NAMES: Final = ("input", "prompt", "question", "query", "text")
EXPECTED: Final = "__expected"
# Arbitrary limits of time and memory.
_MAX_YAML_CHARS: Final = 4 * 1024 * 1024
_MAX_COMBINATIONS: Final = 10_000
_MAX_FILLED_CHARS: Final = 256 << 20
_CHARS_PER_TEXT: Final = 250  # counted for each text in a check: even an empty one takes memory
_VARIABLE: Final = re.compile(r"\{\{([^{}]*)\}\}")
_PROMPT_END: Final = re.compile(r"^---\s*$", re.MULTILINE)
_CONFIGURATION_FIELDS: Final = ("tests", "prompts", "defaultTest", "scenarios")
# The fields that are read or change no result. All others are refused.
_TEST_FIELDS: Final = frozenset({"vars", "assert", "description", "metadata", EXPECTED})
_ASSERTION_FIELDS: Final = frozenset({"type", "value", "metric", "weight"})


class TemplateFiller:
    """Fills in the variables of a file of cases, up to a number of characters in all.

    A megabyte of templates and values could become gigabytes.
    """

    def __init__(self) -> None:
        self._chars_left = _MAX_FILLED_CHARS

    def count(self, chars: int) -> None:
        """Count characters. Raises CaseError if there are too many in all."""
        self._chars_left -= chars
        if self._chars_left < 0:
            raise CaseError(CaseFault.TOO_MANY_COMBINATIONS)

    def fill_in(self, text: str, variables: Mapping[str, str]) -> str:
        """Fill in the variables.

        Raises:
            CaseError: there are other template expressions, unknown variables, or too many
                characters in all.
        """
        if "{%" in text:
            raise CaseError(CaseFault.TEMPLATE_UNSUPPORTED)
        self.count(_CHARS_PER_TEXT)
        for match in _VARIABLE.finditer(text):
            name = match[1].strip()
            if name not in variables:
                raise CaseError(CaseFault.UNKNOWN_VARIABLE, variable=match[0])
            self.count(len(variables[name]))
        return _VARIABLE.sub(lambda match: variables[match[1].strip()], text)


def refuse_siblings(name: str) -> str:
    """Refuse to read another file."""
    raise CaseError(CaseFault.FILE_NOT_READ, name=name)


def is_configuration(value: _Row) -> bool:
    """Return True for the contents of a configuration file."""
    return any(name in value for name in _CONFIGURATION_FIELDS)


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML file, with the scalars of YAML 1.2 but only decimal numbers.

    Raises:
        ValueError: it is not YAML, too large, or has aliases.
    """
    if len(text) > _MAX_YAML_CHARS:
        raise CaseError(CaseFault.YAML_TOO_LARGE)
    import yaml  # few evaluations need it

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """A loader that reads `yes` as text, and refuses aliases, which can expand to any size."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own

        def compose_node(self, parent: Any, index: Any) -> Any:
            """Return the next node, unless it is an alias."""
            if self.check_event(yaml.AliasEvent):
                line = self.peek_event().start_mark.line + 1
                place = CasePlace(PlaceKind.LINE, line)
                raise located_error(place, CaseError(CaseFault.ALIASES_UNSUPPORTED))
            return super().compose_node(parent, index)

    # Each scalar that is not text: its tag, its pattern, and the characters that it may begin with.
    for kind, pattern, first in (
        ("null", r"~|null|Null|NULL|", "~nN"),
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ):
        letters = [*first, ""] if kind == "null" else list(first)  # an empty value is null
        Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), letters
        )
    # PyYAML takes 010 for an octal number.
    Loader.add_constructor("tag:yaml.org,2002:int", lambda _loader, node: int(node.value))
    try:
        return yaml.load(io.StringIO(text), Loader=Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        if error.problem_mark is None:
            raise ValueError(error.problem) from error
        place = CasePlace(PlaceKind.LINE, error.problem_mark.line + 1)
        raise located_error(place, ValueError(error.problem)) from error
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def cases_in(
    config: _Row, tests: Iterable[_Row], read_sibling: ReadSibling, filler: TemplateFiller
) -> Iterator[EvaluationCase]:
    """Yield the cases of a configuration: each test with each prompt.

    Raises:
        ValueError: a case cannot be read; the error has the place and the reason.
    """
    prompts = []
    for prompt in _read_prompts(config.get("prompts"), read_sibling):
        filler.count(len(prompt))
        prompts.append(prompt)
    default = config.get("defaultTest") or {}
    if not isinstance(default, dict):
        raise CaseError(CaseFault.DEFAULT_TEST_NOT_AN_OBJECT)
    for number, test in enumerate(tests, start=1):
        try:
            yield from _read_cases(test, default, config, prompts, filler)
        except (ValueError, TypeError) as error:
            raise located_error(CasePlace(PlaceKind.TEST, number), error) from error


def _read_prompts(value: object, read_sibling: ReadSibling) -> Iterator[str]:
    # Without prompts, a variable of each test is the question.
    prompts = value or [""]
    if isinstance(prompts, str):
        prompts = [prompts]
    if not isinstance(prompts, list):
        raise CaseError(CaseFault.PROMPTS_NOT_A_LIST)
    for number, prompt in enumerate(prompts, start=1):
        place = CasePlace(PlaceKind.PROMPT, number)
        if not isinstance(prompt, str):
            raise located_error(place, CaseError(CaseFault.PROMPT_NOT_A_TEXT))
        name = prompt.removeprefix("file://")
        if name == prompt:
            yield prompt
        elif name.endswith((".txt", ".md")):
            texts = (text.strip() for text in _PROMPT_END.split(read_sibling(name)))
            yield from filter(None, texts)
        else:
            raise located_error(place, CaseError(CaseFault.NOT_A_TEXT_FILE, name=prompt))


def _read_cases(
    test: _Row, default: _Row, config: _Row, prompts: Sequence[str], filler: TemplateFiller
) -> Iterator[EvaluationCase]:
    """Yield the cases of a test, one for each combination of variables and each prompt."""
    for row in (test, default):
        if not isinstance(row, dict):
            raise CaseError(CaseFault.NOT_AN_OBJECT)
        for name in row.keys() - _TEST_FIELDS:
            if row[name]:  # an empty field changes nothing
                raise CaseError(CaseFault.UNSUPPORTED, name=name)
    test_variables = test.get("vars") or {}
    default_variables = default.get("vars") or {}
    if not isinstance(test_variables, dict) or not isinstance(default_variables, dict):
        raise CaseError(CaseFault.VARS_NOT_AN_OBJECT)
    assertions = [
        (CasePlace(kind, number), assertion)
        for kind, row in ((PlaceKind.ASSERTION, test), (PlaceKind.DEFAULT_ASSERTION, default))
        for number, assertion in enumerate(_list_at(row, "assert"), start=1)
    ]
    for variables in _combine_variables({**default_variables, **test_variables}, filler):
        checks: list[Check] = []
        for place, assertion in assertions:
            try:
                resolved = _resolve_template(assertion, config)
                checks += _assertion_checks(resolved, variables, filler)
            except (ValueError, TypeError) as error:
                raise located_error(place, error) from error
        for cell in (*_list_at(test, EXPECTED), *_list_at(default, EXPECTED)):
            checks += expected_checks(cell, variables, filler)
        for prompt in prompts:
            if prompt:
                question = filler.fill_in(prompt, variables)
            else:
                question = _question_of(variables)
                filler.count(len(question))  # many tests may share a long default variable
            # Descriptions may be equal, but the ids of cases may not.
            yield EvaluationCase("", question, checks=tuple(checks))


def _list_at(row: _Row, name: str) -> list[Any]:
    value = row.get(name) or []
    if not isinstance(value, list):
        raise CaseError(CaseFault.NOT_A_LIST, name=name)
    return value


def _combine_variables(variables: _Row, filler: TemplateFiller) -> Iterator[dict[str, str]]:
    """Yield the variables with each combination of the items of lists. Raises CaseError."""
    lists = []
    for name, value in variables.items():
        if isinstance(value, str) and value.startswith("file://"):
            raise CaseError(CaseFault.FILE_UNSUPPORTED, name=name)
        values = value if isinstance(value, list) else [value]
        texts = []
        for item in values:
            text = _variable_text(name, item)
            if text is not item:  # each test converts the variables of the default test again
                filler.count(len(text))
            texts.append(text)
        lists.append(texts)
    if prod(map(len, lists)) > _MAX_COMBINATIONS:
        raise CaseError(CaseFault.TOO_MANY_COMBINATIONS)
    for combination in product(*lists):
        yield dict(zip(variables, combination, strict=True))


def _variable_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float) or value is None:
        return json.dumps(value)
    raise CaseError(CaseFault.NOT_A_TEXT, name=name)


def _question_of(variables: Mapping[str, str]) -> str:
    for name in ("input", "prompt"):
        if name in variables:
            return variables[name]
    if len(variables) != 1:
        raise CaseError(CaseFault.NO_PROMPT)
    return next(iter(variables.values()))


def _resolve_template(assertion: Any, config: _Row) -> Any:
    """Return the assertion, or the template that it refers to by `#/assertionTemplates/name`."""
    if not isinstance(assertion, dict) or "$ref" not in assertion:
        return assertion
    reference = str(assertion["$ref"])
    name = reference.removeprefix("#/assertionTemplates/")
    templates = config.get("assertionTemplates")
    if not isinstance(templates, dict) or name not in templates:
        raise CaseError(CaseFault.UNKNOWN_REFERENCE, name=reference)
    return templates[name]


def _assertion_checks(
    assertion: Any, variables: Mapping[str, str], filler: TemplateFiller
) -> list[Check]:
    """Return the checks of an assertion. Raises ValueError."""
    if not isinstance(assertion, dict) or not isinstance(assertion.get("type"), str):
        raise CaseError(CaseFault.NO_TYPE)
    kind = assertion["type"]
    value = assertion.get("value")
    plain_kind = kind.removeprefix("not-")
    if plain_kind not in _KINDS:
        raise CaseError(CaseFault.UNSUPPORTED, name=kind)
    if other_fields := sorted(assertion.keys() - _ASSERTION_FIELDS, key=str):
        raise CaseError(CaseFault.UNSUPPORTED, name=other_fields[0])
    if assertion.get("weight") == 0:  # such an assertion always passes
        return []
    if isinstance(value, str):
        if value.startswith("file://"):
            raise CaseError(CaseFault.VALUE_FILE_UNSUPPORTED)
        value = filler.fill_in(value, variables)
    elif isinstance(value, list):
        value = [filler.fill_in(v, variables) if isinstance(v, str) else v for v in value]
    else:
        filler.count(_CHARS_PER_TEXT)
    rows = _check_rows(plain_kind, value, filler)
    if kind != plain_kind:
        if len(rows) != 1:  # not all of several checks is another thing than none of them
            raise CaseError(CaseFault.UNSUPPORTED, name=kind)
        rows = [{**rows[0], "not": True}]
    return [check_from_json(row) for row in rows]


def _check_rows(kind: str, value: Any, filler: TemplateFiller) -> list[dict[str, Any]]:
    """Return the checks of an assertion as rows for `check_from_json`."""
    texts = value
    if isinstance(value, str) and kind.endswith(("-any", "-all")):
        filler.count(_CHARS_PER_TEXT * value.count(","))
        texts = [text.strip() for text in value.split(",")]
    if kind.endswith("-all") and not isinstance(texts, list | None):
        raise CaseError(CaseFault.CHECK_VALUE_WRONG, name=kind)
    match kind:
        case "contains" | "equals" | "regex":
            text = _variable_text(kind, value) if isinstance(value, int | float) else value
            return [{kind: text}]
        case "icontains":
            return [{"contains": value, "ignore_case": True}]
        case "contains-any":
            return [{"contains_any": texts}]
        case "icontains-any":
            return [{"contains_any": texts, "ignore_case": True}]
        case "contains-all":
            return [{"contains": text} for text in texts or ()]
        case "icontains-all":
            return [{"contains": text, "ignore_case": True} for text in texts or ()]
        case "starts-with":
            return [{"starts_with_any": [value]}]
        case "is-json":
            return [{"schema": True if value is None else value}]
        case "llm-rubric" | "model-graded-closedqa":
            return [{"rubric": value}]
    raise CaseError(CaseFault.UNSUPPORTED, name=kind)


# ---------------------------------------------------------------- cells of CSV files

# The kinds of assertions that have another name in cells.
_KINDS_OF_CELLS: Final = {"grade": "llm-rubric"}
_ASSERTION_CELL: Final = re.compile(
    r"\s*(?P<kind>[a-z][a-z-]*)(?:\((?P<threshold>[\d.]+)\))?\s*(?::(?P<value>.*))?", re.DOTALL
)
_KINDS: Final = frozenset(
    "contains icontains contains-any icontains-any contains-all icontains-all equals starts-with "
    "is-json llm-rubric model-graded-closedqa regex".split()
)
# A cell with such an assertion is refused. Other words before a colon are plain text.
_UNSUPPORTED_KINDS: Final = frozenset(
    "fn eval file javascript python webhook similar levenshtein latency cost perplexity rouge-n "
    "factuality answer-relevance context-recall context-relevance context-faithfulness "
    "is-valid-openai-function-call is-valid-openai-tools-call moderation classifier contains-json "
    "is-sql contains-sql is-xml contains-xml g-eval select-best".split()
)


def csv_test(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the test in a row of CSV: variables, and cells with assertions. Raises ValueError."""
    for name, value in row.items():
        is_known = name.startswith((EXPECTED, "__metadata:")) or name == "__description"
        if name.startswith("__") and value and not is_known:
            raise CaseError(CaseFault.COLUMN_UNSUPPORTED, name=name)
    cells = [value for name, value in row.items() if name.startswith(EXPECTED) and value]
    variables = {name: value for name, value in row.items() if not name.startswith("__")}
    return {"vars": variables, EXPECTED: cells}


def expected_checks(text: str, variables: Mapping[str, str], filler: TemplateFiller) -> list[Check]:
    """Return the checks of a cell, such as `contains: Paris`; plain text must be equal."""
    match = _ASSERTION_CELL.fullmatch(text)
    if match is None or not _is_assertion(match):
        return [check_from_json({"equals": filler.fill_in(text, variables)})]
    kind = _KINDS_OF_CELLS.get(match["kind"], match["kind"])
    plain_kind = kind.removeprefix("not-")
    if match["threshold"] and plain_kind in _KINDS:
        raise CaseError(CaseFault.THRESHOLD_UNSUPPORTED, kind=kind)
    value: Any = match["value"].strip() if match["value"] else None
    if plain_kind == "is-json" and value is not None:
        value = json.loads(value)  # a schema
    return _assertion_checks({"type": kind, "value": value}, variables, filler)


def _is_assertion(cell: re.Match[str]) -> bool:
    """Return True for the name of an assertion with a value, or for one that may lack a value.

    Only `is-json` and phrases such as `is-sql` or `latency(500)` may. A single word, such as
    "cost", is more likely a text to compare.
    """
    kind = _KINDS_OF_CELLS.get(cell["kind"], cell["kind"]).removeprefix("not-")
    if kind not in _KINDS | _UNSUPPORTED_KINDS:
        return False
    is_phrase = "-" in kind or cell["threshold"] is not None
    may_lack_value = kind == "is-json" or (kind in _UNSUPPORTED_KINDS and is_phrase)
    return bool(cell["value"]) or may_lack_value
