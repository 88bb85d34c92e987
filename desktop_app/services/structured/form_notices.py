"""Notices that name an answer's schema or grammar, and the places that do not match the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

from desktop_app.domain.answering.answer_form import AnswerForm, AnswerSchema
from desktop_app.domain.answering.chat_request import RequestMessage
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_parts import TextPart, last_text
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice

if TYPE_CHECKING:
    from desktop_app.services.structured.schema_check import SchemaProblem

_REPAIR_REQUEST = (
    "Your answer does not match the JSON schema:\n{problems}\n"
    "Answer again with the corrected JSON, and nothing else."
)


def form_notice(form: AnswerForm | None) -> NoticeText:
    """Return the notice that names the schema or the grammar's syntax; "" without a form."""
    if form is None:
        return ""
    if isinstance(form, AnswerSchema):
        return notice(NoticeCode.SCHEMA_USED, name=form.name)
    syntax = form.syntax.value
    language = form.language
    return notice(NoticeCode.GRAMMAR_USED, syntax=syntax, language=language)


def problem_notices(problems: Sequence[SchemaProblem]) -> tuple[AnswerNotice, ...]:
    """Return a notice for each place that does not match."""
    code = NoticeCode.SCHEMA_PROBLEM
    return tuple(notice(code, path=problem.path, reason=problem.reason) for problem in problems)


def can_be_repaired(answer: Message) -> bool:
    """Return True if an answer does not match its schema, and is not a repair itself."""
    codes = {
        answer_notice.code
        for answer_notice in answer.notices
        if isinstance(answer_notice, AnswerNotice)
    }
    return NoticeCode.SCHEMA_PROBLEM in codes and NoticeCode.REPAIRED not in codes


def repair_turn(answer: Message) -> tuple[RequestMessage, RequestMessage]:
    """Return the messages that ask the model to correct its answer."""
    problem_params = [
        dict(answer_notice.params) for answer_notice in answer.notices if _is_problem(answer_notice)
    ]
    problems = "\n".join(f"{params['path']}: {params['reason']}" for params in problem_params)
    return (
        RequestMessage(Role.ASSISTANT, (TextPart(last_text(answer.parts)),)),
        RequestMessage(Role.USER, (TextPart(_REPAIR_REQUEST.format(problems=problems)),)),
    )


def _is_problem(answer_notice: NoticeText) -> TypeGuard[AnswerNotice]:
    return (
        isinstance(answer_notice, AnswerNotice) and answer_notice.code is NoticeCode.SCHEMA_PROBLEM
    )
