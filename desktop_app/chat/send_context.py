"""The conversation and the settings that a question is sent with."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

from msgspec import field
from msgspec.structs import replace

from desktop_app.chat.answer_forms import load_form, require_grammar_support
from desktop_app.domain.answering.answer_form import AnswerForm, AnswerGrammar, AnswerSchema
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.answering.generation import Examples, GenerationParameters
from desktop_app.domain.conversations.compaction import Compaction, SentPath, sent_path
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    chunked_documents,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import refused_by_every_api, without_refused
from desktop_app.domain.models.token_counts import MAX_GUESSED_CHARACTERS, guessed_tokens
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.remembered_note import RememberedNote, notes_text
from desktop_app.domain.spending_report import Purpose
from desktop_app.domain.tools.tool import WEB_SEARCH, ToolLimits
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.tools.calls.tool_set import ToolSet

# Tokens of an answer by the built-in model: of six longer ones, one counted on to 212. The command
# Continue extends an answer that this limit has cut.
MAX_OUTPUT_TOKENS_ON_DEVICE = 250
RESEARCH: Final = (
    "Research the question of the person on the web, thoroughly. If something decisive is unclear, "
    "such as scope, place, period or purpose, and you have not asked back in this conversation "
    "yet, ask one short question first, then stop and wait; do not search before. Once the person "
    "has answered, or if all is clear, begin without asking again. Search with several queries, "
    "open the best sources, compare them, and look for what contradicts them. Then write a report: "
    "the answer first, the reasons next, what remains uncertain last. Cite a source for each claim."
)
"""The instructions of research, after the user's own."""
# More than for ordinary answers: a report of a model without a search of the provider's takes
# dozens of searches and pages.
_RESEARCH_ROUNDS: Final = 40
_RESEARCH_S: Final = 3600
_WITH_BACKGROUND = (ProviderKind.OPENAI, ProviderKind.COMPATIBLE)


class OpenText(Value, frozen=True):
    """A text beside the conversation, which goes with the question and is not stored with it.

    Attributes:
        introduction: tells the model about it.
        tools: those that change it.
    """

    name: str
    introduction: str
    text: str
    tools: ToolSet = ToolSet()

    @property
    def likely_tokens(self) -> int:
        """Return how many tokens it likely has, by those of its beginning."""
        beginning = self.text[:MAX_GUESSED_CHARACTERS]
        return ceil(guessed_tokens(beginning) * len(self.text) / max(1, len(beginning)))


class AskSettings(Value, frozen=True):
    """The user's settings for answers."""

    instructions: str = ""
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    background: bool = False  # for the next answer, if offered: see `offers_background`
    limits: ToolLimits = field(default_factory=ToolLimits)
    examples: Examples = ()
    requested: frozenset[str] = frozenset()  # parameters whose omission is reported
    schema: AnswerSchema | None = None
    grammar: AnswerGrammar | None = None
    research: bool = False  # see `for_research`
    least_effort: Effort | None = None  # of a lower choice, this one is sent
    folder_id: str = ""  # of the conversation
    notes: tuple[RememberedNote, ...] = ()  # in the order in which they are sent
    collections: tuple[CollectionPart, ...] = ()  # with the files of the folder
    open_text: OpenText | None = None
    has_text: bool = False  # beside the conversation, sent or not: earlier counts include it

    @property
    def counted_instructions(self) -> str:
        """Return all text that is sent before the conversation, to count its tokens."""
        texts = [text for pair in self.examples for text in pair]
        if self.open_text is not None:
            texts += [self.open_text.introduction, self.open_text.text]
        return "\n".join(filter(None, (self.sent_instructions, *texts)))

    @property
    def sent_instructions(self) -> str:
        """Return the notes, the user's instructions, and those of research if it is on.

        The notes are first, so that the provider's cache serves them whatever follows.
        """
        research = RESEARCH if self.research else ""
        return "\n\n".join(filter(None, (notes_text(self.notes), self.instructions, research)))

    @property
    def answer_form(self) -> AnswerForm | None:
        """Return the schema or grammar of the answer."""
        return self.schema or self.grammar

    def without_tools(self) -> AskSettings:
        """Return these settings without tools, for use when nobody can approve a call."""
        return replace(
            self,
            research=False,
            least_effort=None,
            parameters=replace(self.parameters, tools=()),
            open_text=self.open_text and replace(self.open_text, tools=ToolSet()),
        )

    def for_research(self, least_effort: Effort | None = Effort.HIGH) -> AskSettings:
        """Return these settings for research: web search, in the background, at high effort.

        The model may ask back once before it begins.
        """
        tools = tuple(dict.fromkeys((*self.parameters.tools, WEB_SEARCH)))
        limits = self.limits
        return replace(
            self,
            research=True,
            least_effort=least_effort,
            background=True,
            parameters=replace(self.parameters, tools=tools, candidates=1),
            limits=limits._replace(
                rounds=max(limits.rounds, _RESEARCH_ROUNDS),
                seconds=max(limits.seconds, _RESEARCH_S),
            ),
        )

    def for_one_answer(self) -> AskSettings:
        return replace(self, parameters=replace(self.parameters, candidates=1))


class SendContext(Value, frozen=True):
    """The conversation that a request contains, and how it is answered.

    Attributes:
        path: the messages, oldest first; also the question, once it is a message.
        resolved: the model that answers.
        compactions: all compactions of the conversation; `sent_path` chooses the one to send.
        settings: the user's settings, with the schema or grammar of the answer.
        tools: the tools that are sent.
        purpose: the purpose of the requests in the ledger.
    """

    path: Sequence[Message]
    resolved: ResolvedChoice
    compactions: Sequence[Compaction] = ()
    settings: AskSettings = AskSettings()
    tools: ToolSet = ToolSet()
    purpose: Purpose = Purpose.ANSWER

    @property
    def sent(self) -> SentPath:
        """Return the messages that are sent, after the compaction that replaces the others."""
        resolved = self.resolved
        return sent_path(self.path, self.compactions, resolved.profile, resolved.model.id)

    @property
    def question(self) -> Message:
        """Return the question, which ends the path."""
        return self.path[-1]

    @property
    def documents(self) -> tuple[DocumentPart, ...]:
        """Return the documents of the question that are read in chunks."""
        return chunked_documents(self.question.parts)


async def with_form(
    settings: AskSettings, prompt_form: str, resolved: ResolvedChoice
) -> AskSettings:
    """Return the settings with the schema or grammar of the prompt, else of the conversation.

    Settings that already have a schema or a grammar stay as they are.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid, or cannot be sent.
    """
    if settings.schema is not None or settings.grammar is not None:
        return settings
    form = await load_form(prompt_form, settings.parameters.form)
    if isinstance(form, AnswerGrammar):
        if settings.parameters.tools:
            raise IllegalChoiceError(
                N_("With a grammar, the model can’t call tools."),
                hint=N_("Turn off the tools or remove the grammar."),
            )
        require_grammar_support(form, resolved)
        return replace(settings, grammar=form)
    return settings if form is None else replace(settings, schema=form)


def accepted_parameters(
    parameters: GenerationParameters, resolved: ResolvedChoice
) -> GenerationParameters:
    """Return the parameters that the model accepts, with its limit on the output.

    The panel shows refused parameters as disabled, with the reason.
    """
    # Parameters that depend on the API are removed when its request is built.
    refused_names = refused_by_every_api(resolved.profile, resolved.model, resolved.effort)
    parameters = without_refused(parameters, refused_names)
    max_tokens = parameters.max_output_tokens
    model_limit = resolved.model.max_output
    if resolved.profile.kind is ProviderKind.ON_DEVICE and not max_tokens:
        # Large models end on their own; this leaves room for their thinking.
        window = resolved.model.context_window or 0
        is_built_in = resolved.model.id == ON_DEVICE_MODEL
        max_tokens = MAX_OUTPUT_TOKENS_ON_DEVICE if is_built_in else window // 2
    if max_tokens and model_limit:
        max_tokens = min(max_tokens, model_limit)
    return replace(parameters, max_output_tokens=max_tokens)


def raised_effort(effort: Effort | None, least: Effort) -> Effort:
    """Return the effort, but `least` at least."""
    order = list(Effort)
    is_enough = effort is not None and order.index(effort) > order.index(least)
    return effort if effort is not None and is_enough else least


def runs_in_background(settings: AskSettings, resolved: ResolvedChoice) -> bool:
    """Return True if the answer runs in the background, which the user wants and is offered."""
    return settings.background and offers_background(resolved, is_research=settings.research)


def offers_background(resolved: ResolvedChoice, *, is_research: bool = False) -> bool:
    """Return True for a long run at a provider that may support background runs.

    OpenAI supports them; whether a compatible server does, only its reply shows. Long are runs that
    reason at medium effort or more, and those of models that only the Responses API has, as Pro's.
    """
    profile = resolved.profile
    info = resolved.model
    effort = resolved.effort or info.default_effort
    reasons_long = effort is not None and effort.rank >= Effort.MEDIUM.rank
    is_pro = info.variant is Variant.PRO or info.apis == (Api.RESPONSES,)
    is_long = is_research or is_pro or reasons_long
    may_offer = profile.kind in _WITH_BACKGROUND and profile.api is not Api.CHAT_COMPLETIONS
    return is_long and may_offer and (info.apis is None or Api.RESPONSES in info.apis)
