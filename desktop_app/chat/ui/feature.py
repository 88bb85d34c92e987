"""Questions and answers: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, CommandScope

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.domain.errors import UserFacingError
    from desktop_app.widgets.cards.notifications import Actions


def _compose(session: Session) -> None:
    from desktop_app.chat.ui.answer_actions import AnswerActions
    from desktop_app.chat.ui.chat_controller import ChatController
    from desktop_app.chat.ui.choice_controller import ChoiceController
    from desktop_app.chat.ui.compaction_controller import CompactionController
    from desktop_app.chat.ui.shown_answers import ShownAnswers
    from desktop_app.chat.ui.temporary_controller import TemporaryController
    from desktop_app.chat.ui.title_controller import TitleController

    session.of(ChoiceController)
    session.of(TemporaryController)
    compaction = session.of(CompactionController)
    session.main.of(ShownAnswers)
    session.of(TitleController)
    chat = session.of(ChatController)
    session.of(AnswerActions)
    session.remedies += [lambda error: _read_in_parts(session, error), compaction.remedies_for]
    session.unfinished.append(lambda: session.temporary.exists)
    session.end_steps += [chat.clear_queue, compaction.close]
    for signal in (session.running.started, session.running.finished):
        signal.connect(lambda *_: session.events.activity_changed.emit(""))


async def _activity(session: Session) -> list[ActivityRow]:
    from desktop_app.chat.ui.answer_activity import answer_activity

    return await answer_activity(session)


def _read_in_parts(session: Session, error: UserFacingError) -> Actions:
    from desktop_app.chat.ui.chunked_reading_controller import ChunkedReadingController

    return session.of(ChunkedReadingController).remedies_for(error)


FEATURE: Final = Feature(
    actions=(
        Action(
            "conversation.temporary",
            N_("New temporary conversation"),
            Category.CONVERSATION,
            "Ctrl+Shift+N",
            run=call("chat.ui.temporary_controller.TemporaryController.open"),
            words=N_("incognito private secret temp"),
        ),
        Action(
            "conversation.close-temporary",
            N_("Close temporary conversation"),
            Category.CONVERSATION,
            "Ctrl+W",
            run=call("chat.ui.temporary_controller.TemporaryController.close_open"),
            is_in_palette=False,
        ),
        Action(
            "conversation.branch",
            N_("Branch into new conversation"),
            Category.CONVERSATION,
            run=call("chat.ui.answer_actions.AnswerActions.act_on_last", "branch"),
            uses_conversation=True,
            words=N_("fork"),
        ),
        Action(
            "conversation.compact",
            N_("Compact conversation…"),
            Category.CONVERSATION,
            run=call("chat.ui.compaction_controller.CompactionController.offer"),
            uses_conversation=True,
            words=N_("shorten summarize context"),
        ),
        Action(
            "conversation.uncompact",
            N_("Undo compaction"),
            Category.CONVERSATION,
            run=call("chat.ui.compaction_controller.CompactionController.undo"),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "conversation.show-sent",
            N_("Show compacted content"),
            Category.CONVERSATION,
            run=call("chat.ui.compaction_controller.CompactionController.show_sent"),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.stop",
            N_("Stop response"),
            Category.PROMPT,
            "Esc",
            run=call("chat.ui.chat_controller.ChatController.stop_latest"),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.discard",
            N_("Discard draft"),
            Category.PROMPT,
            run=call("chat.ui.chat_controller.ChatController.discard_draft"),
            uses_conversation=True,
            words=N_("clear empty"),
        ),
        Action(
            "variant.instant",
            N_("Use Instant"),
            Category.PROMPT,
            "Alt+1",
            scope=CommandScope.EVERYWHERE,
            run=call("chat.ui.choice_controller.ChoiceController.choose_variant", Variant.INSTANT),
            uses_conversation=True,
        ),
        Action(
            "variant.thinking",
            N_("Use Thinking"),
            Category.PROMPT,
            "Alt+2",
            scope=CommandScope.EVERYWHERE,
            run=call("chat.ui.choice_controller.ChoiceController.choose_variant", Variant.THINKING),
            uses_conversation=True,
        ),
        Action(
            "variant.pro",
            N_("Use Pro"),
            Category.PROMPT,
            "Alt+3",
            scope=CommandScope.EVERYWHERE,
            run=call("chat.ui.choice_controller.ChoiceController.choose_variant", Variant.PRO),
            uses_conversation=True,
        ),
        Action(
            "effort.more",
            N_("Increase effort"),
            Category.PROMPT,
            "Alt+Up",
            scope=CommandScope.EVERYWHERE,
            run=call("chat.ui.choice_controller.ChoiceController.step_effort", +1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "effort.less",
            N_("Decrease effort"),
            Category.PROMPT,
            "Alt+Down",
            scope=CommandScope.EVERYWHERE,
            run=call("chat.ui.choice_controller.ChoiceController.step_effort", -1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.background",
            N_("Run long responses in background"),
            Category.PROMPT,
            run=call("chat.ui.choice_controller.ChoiceController.toggle_background"),
            uses_conversation=True,
            is_on=lambda session: session.setup.background,
            menu_label=N_("Run in background"),
        ),
        Action(
            "answer.retry",
            N_("Regenerate response"),
            Category.ANSWER,
            "Ctrl+R",
            run=call("chat.ui.answer_actions.AnswerActions.act_on_last", "retry"),
            uses_conversation=True,
            words=N_("retry again"),
        ),
        Action(
            "answer.compare",
            N_("Compare models…"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.ask_another_model"),
            uses_conversation=True,
            words=N_("side by side"),
        ),
        Action(
            "answer.review",
            N_("Mark as reviewed or rejected"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.mark_last"),
            uses_conversation=True,
        ),
        Action(
            "answer.continue",
            N_("Continue response"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.continue_last"),
            uses_conversation=True,
        ),
        Action(
            "answer.older-version",
            N_("Show previous version"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.switch_version", -1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "answer.newer-version",
            N_("Show next version"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.switch_version", +1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "question.edit",
            N_("Edit last message"),
            Category.ANSWER,
            run=call("chat.ui.answer_actions.AnswerActions.act_on_last", "edit"),
            uses_conversation=True,
            words=N_("correct"),
        ),
    ),
    compose=_compose,
    activity=_activity,
)
