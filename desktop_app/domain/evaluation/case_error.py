"""Errors in the cases of an evaluation: a code and parameters."""

from __future__ import annotations

import json
from typing import NamedTuple

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.system_error import quoted_error
from desktop_app.domain.text_enum import TextEnum, coded
from desktop_app.i18n.translation import N_


class CaseFault(TextEnum):
    """A fault in a file of cases, and its text. It is never stored."""

    ALIASES_UNSUPPORTED = coded(N_("aliases (*) are not supported"))
    CASE_FIELD_WRONG = coded(N_("“input” is not a text, or “checks” not a list"))
    CASE_NOT_AN_OBJECT = coded(N_("a case is not an object"))
    CHECK_NOT_AN_OBJECT = coded(N_("a check is not an object"))
    CHECK_OPTION_WRONG = coded(
        N_("“within” is not a number, or “ignore_case” neither true nor false")
    )
    CHECK_VALUE_WRONG = coded(N_("the value of “{name}” has the wrong type"))
    CHECK_WITHOUT_KIND = coded(N_("a check has no kind"))
    CHECK_WITH_SEVERAL_KINDS = coded(N_("a check has one kind, not several ({kinds})"))
    COLUMN_UNSUPPORTED = coded(N_("the column “{name}” is not supported"))
    DEFAULT_TEST_NOT_AN_OBJECT = coded(N_("“defaultTest” is not an object"))
    EMPTY_INPUT = coded(N_("the input of the case “{id}” is empty"))
    FIELD_MISSING = coded(N_("“{name}” is missing"))
    FILES_NOT_A_LIST = coded(N_("“files” is not a list of paths"))
    FILE_NOT_FOUND = coded(N_("“{name}” was not found"))
    FILE_NOT_READ = coded(N_("“{name}” is not read"))
    FILE_OUTSIDE_FOLDER = coded(N_("“{name}” is outside the folder"))
    FILE_TOO_LARGE = coded(N_("more than 16 MB"))
    FILE_UNSUPPORTED = coded(N_("“{name}” is a file, which is not supported"))
    GIT_LFS_POINTER = coded(N_("it is a Git LFS pointer; fetch the file with “git lfs pull”"))
    INPUT_NOT_MESSAGES = coded(N_("“input” is not a list of messages"))
    MESSAGES_OUT_OF_TURN = coded(N_("the messages do not take turns, ending with the user"))
    NEGATION_WRONG = coded(N_("“not” is neither true nor false, or belongs to a rubric"))
    NOT_AN_OBJECT = coded(N_("it is not an object"))
    NOT_A_FILE_OF_TESTS = coded(N_("“{name}” is not a file of tests"))
    NOT_A_LIST = coded(N_("“{name}” is not a list"))
    NOT_A_TEXT = coded(N_("“{name}” is not a text"))
    NOT_A_TEXT_FILE = coded(N_("“{name}” is not a text file"))
    NOT_JSON = coded(N_("it isn’t valid JSON at character {column}"))
    NOT_UTF_8 = coded(N_("it isn’t UTF-8 text"))
    NO_CASES = coded(N_("there are no cases in this file"))
    NO_INPUT_COLUMN = coded(N_("there is no column “input”"))
    NO_PROMPT = coded(N_("there is no prompt, and “vars” has no “input”"))
    NO_TYPE = coded(N_("it has no type"))
    PATTERN_INVALID = coded(N_("“{value}” is not a valid regular expression: {why}"))
    PROMPTS_NOT_A_LIST = coded(N_("“prompts” is not a list"))
    PROMPT_NOT_A_TEXT = coded(N_("only texts are supported"))
    QUOTES_UNMATCHED = coded(N_("the quotation marks don’t match"))
    REPEATED_ID = coded(N_("two cases have the id “{id}”"))
    SCENARIOS_UNSUPPORTED = coded(N_("“scenarios” are not supported"))
    SCHEMA_UNUSABLE = coded(N_("the schema can’t be used: {why}"))
    TEMPLATE_UNSUPPORTED = coded(N_("templates with {% … %} are not supported"))
    TESTS_NOT_A_LIST = coded(N_("“tests” is not a list"))
    THRESHOLD_UNSUPPORTED = coded(N_("the threshold of “{kind}” is not supported"))
    TOO_MANY_CASES = coded(N_("more than {limit} cases"))
    TOO_MANY_CELLS = coded(N_("more cells than columns"))
    TOO_MANY_COMBINATIONS = coded(N_("too many combinations of “vars”"))
    UNKNOWN_CHECK = coded(N_("there is no check “{name}”"))
    UNKNOWN_REFERENCE = coded(N_("“{name}” is not in this file"))
    UNKNOWN_VARIABLE = coded(N_("“{variable}” is not a variable"))
    UNSUPPORTED = coded(N_("“{name}” is not supported"))
    VALUE_FILE_UNSUPPORTED = coded(N_("a value in a file is not supported"))
    VARS_NOT_AN_OBJECT = coded(N_("“vars” is not an object"))
    YAML_TOO_LARGE = coded(N_("more than 4 MB of YAML"))


class PlaceKind(TextEnum):
    """A kind of place in a file of cases, and the text of an error there."""

    LINE = coded(N_("line {number}: {words}"))
    CASE = coded(N_("case {number}: {words}"))
    TEST = coded(N_("test {number}: {words}"))
    PROMPT = coded(N_("prompt {number}: {words}"))
    ASSERTION = coded(N_("assertion {number}: {words}"))
    DEFAULT_ASSERTION = coded(N_("assertion {number} of “defaultTest”: {words}"))


class CasePlace(NamedTuple):
    """A place in a file of cases, with its number from 1 or its id."""

    kind: PlaceKind
    number: int | str


class CaseError(UserFacingError, ValueError):
    """An error in a file of cases. Its reason is a `CaseFault`, or a `PlaceKind`."""

    code = "case"


def located_error(place: CasePlace, cause: Exception) -> CaseError:
    """Return the error for a place in a file of cases; its cause may be a library's error.

    An error of JSON is located by characters: the JSON is a line or a cell of the file.
    """
    if isinstance(cause, json.JSONDecodeError):
        cause = CaseError(CaseFault.NOT_JSON, column=cause.pos + 1)
    return CaseError(place.kind, number=str(place.number), because=quoted_error(cause))
