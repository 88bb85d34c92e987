"""Errors in the cases of an evaluation: a code and parameters."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from desktop_app.i18n.translation import N_, tr


class CaseProblem(Enum):
    """A problem in a file of cases, and its text. It is never stored."""

    ALIASES_UNSUPPORTED = N_("aliases (*) are not supported")
    CASE_FIELD_WRONG = N_("“input” is not a text, or “checks” not a list")
    CASE_NOT_AN_OBJECT = N_("a case is not an object")
    CHECK_NOT_AN_OBJECT = N_("a check is not an object")
    CHECK_OPTION_WRONG = N_("“within” is not a number, or “ignore_case” neither true nor false")
    CHECK_VALUE_WRONG = N_("the value of “{name}” has the wrong type")
    CHECK_WITHOUT_KIND = N_("a check has no kind")
    CHECK_WITH_SEVERAL_KINDS = N_("a check has one kind, not several ({kinds})")
    COLUMN_UNSUPPORTED = N_("the column “{name}” is not supported")
    DEFAULT_TEST_NOT_AN_OBJECT = N_("“defaultTest” is not an object")
    EMPTY_INPUT = N_("the input of the case “{id}” is empty")
    FIELD_MISSING = N_("“{name}” is missing")
    FILES_NOT_A_LIST = N_("“files” is not a list of paths")
    FILE_NOT_FOUND = N_("“{name}” was not found")
    FILE_NOT_READ = N_("“{name}” is not read")
    FILE_OUTSIDE_FOLDER = N_("“{name}” is outside the folder")
    FILE_TOO_LARGE = N_("more than 64 MB")
    FILE_UNSUPPORTED = N_("“{name}” is a file, which is not supported")
    GIT_LFS_POINTER = N_("it is a Git LFS pointer; fetch the file with “git lfs pull”")
    INPUT_NOT_MESSAGES = N_("“input” is not a list of messages")
    MESSAGES_OUT_OF_TURN = N_("the messages do not take turns, ending with the user")
    NEGATION_WRONG = N_("“not” is neither true nor false, or belongs to a rubric")
    NOT_AN_OBJECT = N_("it is not an object")
    NOT_A_FILE_OF_TESTS = N_("“{name}” is not a file of tests")
    NOT_A_LIST = N_("“{name}” is not a list")
    NOT_A_TEXT = N_("“{name}” is not a text")
    NOT_A_TEXT_FILE = N_("“{name}” is not a text file")
    NOT_JSON = N_("it isn’t valid JSON at character {column}")
    NOT_UTF_8 = N_("it isn’t UTF-8 text")
    NO_CASES = N_("there are no cases in this file")
    NO_INPUT_COLUMN = N_("there is no column “input”")
    NO_PROMPT = N_("there is no prompt, and “vars” has no “input”")
    NO_TYPE = N_("it has no type")
    PATTERN_INVALID = N_("“{value}” is not a valid regular expression: {why}")
    PROMPTS_NOT_A_LIST = N_("“prompts” is not a list")
    PROMPT_NOT_A_TEXT = N_("only texts are supported")
    QUOTES_UNMATCHED = N_("the quotation marks don’t match")
    REPEATED_ID = N_("two cases have the id “{id}”")
    SCENARIOS_UNSUPPORTED = N_("“scenarios” are not supported")
    SCHEMA_UNUSABLE = N_("the schema can’t be used: {why}")
    TEMPLATE_UNSUPPORTED = N_("templates with {% … %} are not supported")
    TESTS_NOT_A_LIST = N_("“tests” is not a list")
    THRESHOLD_UNSUPPORTED = N_("the threshold of “{kind}” is not supported")
    TOO_MANY_CASES = N_("more than {limit} cases")
    TOO_MANY_CELLS = N_("more cells than columns")
    TOO_MANY_COMBINATIONS = N_("too many combinations of “vars”")
    UNKNOWN_CHECK = N_("there is no check “{name}”")
    UNKNOWN_REFERENCE = N_("“{name}” is not in this file")
    UNKNOWN_VARIABLE = N_("“{variable}” is not a variable")
    UNSUPPORTED = N_("“{name}” is not supported")
    VALUE_FILE_UNSUPPORTED = N_("a value in a file is not supported")
    VARS_NOT_AN_OBJECT = N_("“vars” is not an object")
    YAML_TOO_LARGE = N_("more than 4 MB of YAML")


class CaseError(ValueError):
    """An error in a file of cases: a problem, and the values for its placeholders."""

    def __init__(self, problem: CaseProblem, /, **params: str | int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.params = params

    def __str__(self) -> str:
        return tr(self.problem.value, **self.params)


class PlaceKind(Enum):
    """A kind of places in a file of cases, and its name."""

    LINE = N_("line {number}")
    CASE = N_("case {number}")
    TEST = N_("test {number}")
    PROMPT = N_("prompt {number}")
    ASSERTION = N_("assertion {number}")
    DEFAULT_ASSERTION = N_("assertion {number} of “defaultTest”")


class CasePlace(NamedTuple):
    """A place in a file of cases, with its number from 1 or its id."""

    kind: PlaceKind
    number: int | str

    def __str__(self) -> str:
        return tr(self.kind.value, number=str(self.number))


class LocatedCaseError(ValueError):
    """An error at a place in a file of cases; its cause may be a library's error."""

    def __init__(self, place: CasePlace, cause: Exception) -> None:
        super().__init__(place, cause)
        self.place = place
        self.cause = cause

    def __str__(self) -> str:
        return tr("{place}: {why}", place=str(self.place), why=str(self.cause))
