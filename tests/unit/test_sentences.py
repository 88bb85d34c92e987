"""Errors carry codes; their sentences are in tables, and chosen where they are shown."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from desktop_app.domain import error_text, errors
from desktop_app.domain.conversations.notices import NoticeCode
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.places import Place, place_name
from desktop_app.domain.remedy import Remedy

PRODUCT = Path(errors.__file__).parents[1]
Nodes = dict[Path, list[ast.AST]]
ERRORS = {name for name, cls in vars(errors).items() if isinstance(cls, type)} - {"Remedy"}
OPTIONS = {"what_to_do", "details", "because", "status", "api_code", "request_id"}
SENTENCE_ARGUMENTS = {"what_to_do", "remedy"}
NEVER_NAMED = {
    Reason.ANSWER_ENDED_AT_LIMIT,  # of stored answers; nothing raises it any more
    *(reason for reason in Reason if reason.name.startswith("SANDBOX_")),  # codes of `sandbox`
}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def error_calls(product_nodes: Nodes) -> Iterator[tuple[str, ast.Call]]:
    for path, nodes in product_nodes.items():
        if path.stem == "legacy_sentences":  # reads sentences of earlier versions
            continue
        for node in nodes:
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


def test_no_error_is_raised_with_a_sentence(product_nodes: Nodes) -> None:
    found = [
        where
        for where, call in error_calls(product_nodes)
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


def needed(reason: Reason, given: dict[str, ast.expr]) -> set[str]:
    """Return the parameters of the sentences that an error shows."""
    names = placeholders(reason.happened)
    if "what_to_do" not in given:
        names |= placeholders(reason.remedy.sentence)
    return names - {*Place}


def test_every_error_gives_the_values_of_its_sentences(product_nodes: Nodes) -> None:
    missing = []
    for where, call in error_calls(product_nodes):
        given = {k.arg: k.value for k in call.keywords if k.arg}
        # A mapping of parameters is checked where it is made.
        if len(call.args) != 1 or name_of(call.func) == "ErrorNote":
            continue
        for reason in reasons_of(call.args[0]):
            quoted = {"words"} if "because" in given else set()
            lacking = needed(reason, given) - (given.keys() - OPTIONS) - quoted
            missing += [f"{where}: {reason} lacks {name}" for name in sorted(lacking)]
    # Their caller adds the file of the user.
    assert [each for each in missing if "models_file" not in each] == []


# Remedies that are not chosen in the function that names the reason.
CHOSEN_ELSEWHERE: list[tuple[set[Remedy], set[Reason]]] = [
    (
        {Remedy.CHECK_PROXY, Remedy.CHECK_ENVIRONMENT_PROXY},
        {
            Reason.PROXY_WANTS_PASSWORD,
            Reason.PROXY_PASSWORD_WRONG,
            Reason.PROXY_BLOCKS,
            Reason.PROXY_TIMEOUT,
            Reason.PROXY_NOT_REACHED,
        },
    ),
    (
        {
            Remedy.ATTACH_SHORTER,
            Remedy.ATTACH_FEWER,
            Remedy.COMPACT,
            Remedy.START_NEW,
            Remedy.SUMMARIZE,
        },
        {Reason.DOES_NOT_FIT, Reason.MAY_NOT_FIT},
    ),
    (
        {
            Remedy.ENTER_SECTION_NUMBERS,
            Remedy.ENTER_SECTION_NUMBERS_OR_NAMES,
            Remedy.ENTER_ONLY_SECTION,
        },
        {
            Reason.NO_SECTION_NAMED,
            Reason.SECTION_NAME_AMBIGUOUS,
            Reason.SECTION_UNKNOWN,
            Reason.SECTIONS_BACKWARDS,
            Reason.NO_SUCH_SECTION,
        },
    ),
    (
        {Remedy.CHOOSE_PROMPTS, Remedy.CHOOSE_BACKUP, Remedy.EXPORT_AGAIN, Remedy.CHOOSE_PEM},
        {reason for reason in Reason if reason.name.startswith("FOREIGN_")},
    ),
    ({Remedy.RETRY_AFTER_WAIT}, {Reason.TOO_MANY_REQUESTS, Reason.PROVIDER_FAULT}),
    (
        {Remedy.RETRY_FROM_NOTES},
        {
            reason
            for reason in Reason
            if reason.remedy in (Remedy.RETRY_BILLED, Remedy.RETRY_SOON, Remedy.RETRY_LATER)
        },
    ),
    (
        {Remedy.COPY_WITHOUT_PASSWORD, Remedy.ENTER_IN_TERMINAL},
        {Reason.PASSWORD_MISSING, Reason.PASSWORD_WRONG},
    ),
    (
        {Remedy.NAME_OTHER_PROVIDER},
        {Reason.BATCH_NOT_LOCAL, Reason.BATCH_NOT_OFFERED, Reason.BATCH_NOT_KNOWN},
    ),
    (
        {Remedy.NEEDS_VALUE, *(each for each in Remedy if each.name.startswith("TAKES_"))},
        {Reason.SETTING_INVALID},
    ),
    ({Remedy.CORRECT_FILE}, {Reason.MODELS_FILE_INVALID, Reason.MODELS_FILE_WRONG_TYPE}),
]


@pytest.fixture(scope="module")
def chosen_remedies(product_nodes: Nodes) -> dict[Reason, set[Remedy]]:
    """Return, for each reason, the remedies that its errors can have besides the usual one."""
    found: dict[Reason, set[Remedy]] = {reason: set() for reason in Reason}
    for remedies, reasons in CHOSEN_ELSEWHERE:
        for reason in reasons:
            found[reason] |= remedies
    for path, nodes in product_nodes.items():
        if path.stem == "legacy_sentences":
            continue
        for function in nodes:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            named = [
                (name_of(node.value), node.attr)
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute)
            ]
            remedies = {Remedy[name] for of, name in named if of == "Remedy"}
            for of, name in named:
                if of == "Reason" and name in Reason.__members__:
                    found[Reason[name]] |= remedies
    return found


def wordings(remedy: Remedy) -> set[str]:
    """Return the sentences of a remedy on all surfaces."""
    surfaces = (
        error_text.WINDOW,
        error_text.CONTINUABLE,
        error_text.NOT_CONTINUABLE,
        error_text.TERMINAL,
    )
    everywhere = (*surfaces, *map(error_text.environment_surface, surfaces))
    return {surface.remedies.get(remedy, remedy.sentence) for surface in everywhere}


def compositions(chosen: dict[Reason, set[Remedy]]) -> Iterator[tuple[Reason, str]]:
    """Yield what each error can say, with the places that it names written out."""
    named = {place.value: place_name(place) for place in Place}
    environment = error_text.environment_surface(error_text.WINDOW).places
    elsewhere = {**named, **{place.value: name for place, name in environment.items()}}
    for reason in Reason:
        remedies = {reason.remedy, *chosen[reason]}
        for happened in filter(None, (reason.happened, reason.detailed)):
            for remedy in {words for each in remedies for words in wordings(each)}:
                text = f"{happened} {remedy}".rstrip()
                names = placeholders(text)
                for places in (named, elsewhere):
                    yield reason, text.format_map({n: places.get(n, "it") for n in names})


def test_errors_have_at_most_two_sentences_and_20_words(
    chosen_remedies: dict[Reason, set[Remedy]],
) -> None:
    made = list(compositions(chosen_remedies))
    assert len(made) > 500
    longer = {
        text
        for _, text in made
        if len([word for word in text.split() if word not in "›×≈—"]) > 20
        or len(re.findall(r"[.?!][”)]*(?=\s|$)", text)) > 2
    }
    assert longer == set()


# Instructions in themselves, facts that nothing can be done about, and rows of a batch job, whose
# page offers to retry them.
WITHOUT_REMEDY = {
    Reason.VARIANT_AND_MODEL,
    Reason.ITEM_DECLINED,
    Reason.TOOL_UNAVAILABLE,  # it has the remedy of the error that it quotes
    Reason.TOOL_NAME_INVALID,
    Reason.TOOL_ARGUMENTS_INVALID,
    Reason.TOOLS_NOT_LISTED,
    Reason.TOOL_IMAGES_UNSAVED,
    Reason.NO_HOSTED_TOOLS_HERE,
    Reason.NO_HOSTED_TOOLS,
    Reason.HOSTED_TOOL_NOT_SUPPORTED,
    Reason.NOT_JSON_AT,
    Reason.SCHEMA_INVALID,  # its words say what is wrong, and where
    Reason.GRAMMAR_INVALID,
    Reason.BATCH_WITHOUT_QUESTION,
    Reason.COMPACTED_WHILE_DELETED,
    Reason.PLACE_NOT_NOTED,  # the store's error has the remedy
    Reason.PLACES_NOT_NOTED,
    *(
        reason
        for reason in Reason
        if reason.name.startswith(("NOTE_", "ITEM_", "BATCH_LINES_", "BATCH_GONE", "BATCH_IS_OVER"))
        or reason.name.startswith(("SANDBOX_", "SYSTEM_"))
    ),
    Reason.BATCH_UNKNOWN_THERE,
}


def test_errors_say_what_to_do(chosen_remedies: dict[Reason, set[Remedy]]) -> None:
    silent = {
        reason for reason in Reason if reason.remedy is Remedy.NONE and not chosen_remedies[reason]
    }
    assert silent <= WITHOUT_REMEDY


def test_no_two_remedies_have_the_same_sentence() -> None:
    sentences = Counter(remedy.sentence for remedy in Remedy)
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


def test_every_reason_is_used(product_nodes: Nodes) -> None:
    used = {
        Reason[node.attr]
        for nodes in product_nodes.values()
        for node in nodes
        if isinstance(node, ast.Attribute) and name_of(node.value) == "Reason"
        if node.attr in Reason.__members__  # Qt has reasons, too
    }
    assert set(Reason) - used == NEVER_NAMED


def test_stored_codes_stay() -> None:
    """Stores and exported files have these codes; a renamed member would lose its code."""
    stored = (PRODUCT.parent / "tests/data/stored_codes.txt").read_text("utf-8").split()
    assert set(stored) <= {each.value for each in (*Reason, *Remedy, *NoticeCode)}


def test_every_remedy_is_used(product_nodes: Nodes) -> None:
    used = {
        node.attr
        for path, nodes in product_nodes.items()
        if path.stem not in ("error_text", "legacy_sentences")
        for node in nodes
        if isinstance(node, ast.Attribute) and name_of(node.value) == "Remedy"
    }
    assert {remedy.name for remedy in Remedy} <= used


def test_one_function_writes_shortcuts() -> None:
    found = {
        path.stem
        for path in PRODUCT.rglob("*.py")
        if "SequenceFormat.NativeText" in path.read_text("utf-8")
    }
    assert found == {"shortcut_text"}


def test_no_error_is_changed_after_it_was_made(product_nodes: Nodes) -> None:
    fields = {"remedy", "params", "details", "api_code", "request_id", "takes_password"}
    found = []
    for path, nodes in product_nodes.items():
        for node in nodes:
            targets = node.targets if isinstance(node, ast.Assign) else []
            hits = [
                each
                for target in targets
                for each in ast.walk(target)
                if isinstance(each, ast.Attribute)
                and each.attr in fields
                and isinstance(each.ctx, ast.Store)
                and name_of(each.value) not in ("self", "unfolded")
            ]
            found += [f"{path.relative_to(PRODUCT)}:{hit.lineno}" for hit in hits]
    assert not found
