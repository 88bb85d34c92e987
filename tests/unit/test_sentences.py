"""Errors carry codes: their sentences stand in tables and are chosen where they are shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from desktop_app.domain import error_text, errors
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_sentences import SENTENCES, Said
from desktop_app.domain.errors import Kept, Remedy

PRODUCT = Path(errors.__file__).parents[1]
SOURCES = sorted(PRODUCT.rglob("*.py"))
ERRORS = {name for name, cls in vars(errors).items() if isinstance(cls, type)} - {"Kept", "Remedy"}
OPTIONS = {"what_was_kept", "what_to_do", "details", "status", "api_code", "request_id"}
SENTENCE_ARGUMENTS = {"what_was_kept", "what_to_do", "kept", "remedy"}
# Of stored answers; nothing raises it any more.
ONLY_STORED = {Reason.ANSWER_ENDED_AT_LIMIT}


def parsed() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, ast.parse(path.read_text("utf-8"))


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def error_calls() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in parsed():
        if path.stem == "legacy_sentences":  # reads sentences of earlier versions
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node.func) in {*ERRORS, "ErrorNote"}:
                yield f"{path.relative_to(PRODUCT)}:{node.lineno}", node


def is_sentence(node: ast.expr) -> bool:
    """Return True for text that is written or put together where it stands."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(node.value)
    if isinstance(node, ast.Call):
        return name_of(node.func) in {"tr", "tr_plural", "format", "join"}
    if isinstance(node, ast.IfExp):
        return is_sentence(node.body) or is_sentence(node.orelse)
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def test_no_error_is_raised_with_a_sentence() -> None:
    found = [
        where
        for where, call in error_calls()
        if any(map(is_sentence, call.args[:1]))
        or any(is_sentence(k.value) for k in call.keywords if k.arg in SENTENCE_ARGUMENTS)
    ]
    assert not found


def reasons_of(node: ast.expr) -> list[Reason]:
    """Return the reasons that an argument names."""
    if isinstance(node, ast.IfExp):
        return reasons_of(node.body) + reasons_of(node.orelse)
    is_reason = isinstance(node, ast.Attribute) and name_of(node.value) == "Reason"
    return [Reason[name_of(node)]] if is_reason else []


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def needed(said: Said, given: dict[str, ast.expr]) -> set[str]:
    """Return the parameters of the sentences that an error shows."""
    names = placeholders(said.happened)
    for option, usual in (("what_was_kept", said.kept), ("what_to_do", said.remedy)):
        if option not in given and isinstance(usual, str):
            names |= placeholders(usual)
        elif option not in given and isinstance(usual, Remedy):
            names |= placeholders(error_text._REMEDIES[usual])
    return names - {*error_text.Place}


def test_every_error_gives_the_values_of_its_sentences() -> None:
    missing = []
    for where, call in error_calls():
        given = {k.arg: k.value for k in call.keywords if k.arg}
        # A mapping of parameters is checked where it is made.
        if len(call.args) != 1 or name_of(call.func) == "ErrorNote":
            continue
        for reason in reasons_of(call.args[0]):
            lacking = needed(SENTENCES[reason], given) - (given.keys() - OPTIONS)
            missing += [f"{where}: {reason} lacks {name}" for name in sorted(lacking)]
    # Their caller adds the file of the user.
    assert [each for each in missing if "models_file" not in each] == []


def test_every_reason_is_used_and_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    used = {
        Reason[node.attr]
        for path, tree in parsed()
        if path.stem not in ("error_sentences", "legacy_errors")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and name_of(node.value) == "Reason"
        if node.attr in Reason.__members__  # Qt has reasons, too
    }
    assert set(Reason) - used == ONLY_STORED


@pytest.mark.parametrize("codes", [Kept, Remedy])
def test_every_code_is_used(codes: type[Kept | Remedy]) -> None:
    used = {
        node.attr
        for path, tree in parsed()
        if path.stem not in ("error_text", "legacy_sentences", "legacy_errors")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and name_of(node.value) == codes.__name__
    }
    assert {code.name for code in codes} <= used


def test_one_function_writes_shortcuts() -> None:
    found = {
        path.stem for path in SOURCES if "SequenceFormat.NativeText" in path.read_text("utf-8")
    }
    assert found == {"shortcut_text"}


def test_no_text_of_an_error_is_compared_or_cut() -> None:
    texts = {"what_happened", "what_was_kept", "what_to_do", "sentences"}
    surgery = {"replace", "removeprefix", "removesuffix", "startswith", "endswith", "partition"}
    found = []
    for path, tree in parsed():
        for node in ast.walk(tree):
            of: list[ast.expr] = []
            if isinstance(node, ast.Compare):
                of = [node.left, *node.comparators]
            elif isinstance(node, ast.Call) and name_of(node.func) in {*surgery, "split"}:
                of = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            elif isinstance(node, ast.Subscript):
                of = [node.value]
            hits = [each for each in of if isinstance(each, ast.Attribute) and each.attr in texts]
            found += [f"{path.relative_to(PRODUCT)}:{hit.lineno}" for hit in hits]
    assert not found
