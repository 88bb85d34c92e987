"""The catalog of models: the APIs, efforts, parameters, windows and prices of each.

The facts are in `resources/models.toml`, which a file of the user's can extend. Models that are in
neither can be used, too: unknown facts are `None`, and unknown features are offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from msgspec.structs import replace

from desktop_app.domain.cost import FREE, USUAL_ANSWER_TOKENS, Price
from desktop_app.domain.errors import IllegalChoiceError, SettingError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.token_counts import ImageTokens
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.domain.models.catalog_file import CatalogFile
    from desktop_app.domain.models.price_list import ListedPrice, PriceList

T = TypeVar("T")
OPENAI_PRICES: Final = "openai"
"""The id of OpenAI in the list of prices."""
USER_FILE: Final = "models.toml"
"""The user's file of models, in the configuration folder."""
_LIST_EFFORTS: Final = N_("Supported: {accepted}.")


# An answer of about a page; what the model writes beside it while it thinks comes on top.
_PAGE_TOKENS: Final = 500
# The seconds of gpt-5.2 (models.toml), for models whose own are not known; minimal and max are
# guesses.
_USUAL_SECONDS: Final[Mapping[Effort, float]] = {
    Effort.NONE: 6,
    Effort.MINIMAL: 8,
    Effort.LOW: 12,
    Effort.MEDIUM: 25,
    Effort.HIGH: 70,
    Effort.XHIGH: 240,
    Effort.MAX: 600,
}
# "auto" is the tier of the account, by default the ordinary one.
_ORDINARY_TIERS = (None, "", "auto", "default", "standard")
# The prefixes that gateways put before the names of OpenAI's models.
_GATEWAY_PREFIX: Final = lazy_pattern(r"^(?:openrouter/)?(?:openai|azure)/")
_FINE_TUNED_PREFIX: Final = "ft:"
_SNAPSHOT_DATE: Final = lazy_pattern(r"-(?:20\d\d-\d\d-\d\d|1106)$")
# The facts of a family that its members do not have: a dated snapshot of a model is neither the
# variant itself nor shut down on the model's date.
_UNINHERITED_FACTS: Final = ("name", "variant", "shutdown")


def usual_tokens_of(effort: Effort) -> int:
    """Return the output tokens that are assumed of an answer of an unknown model."""
    return _tokens_in(_USUAL_SECONDS.get(effort, _USUAL_SECONDS[Effort.MEDIUM]))


def _tokens_in(seconds: float) -> int:
    page_s, medium_s = _USUAL_SECONDS[Effort.NONE], _USUAL_SECONDS[Effort.MEDIUM]
    share = max(0.0, seconds - page_s) / (medium_s - page_s)
    return round((_PAGE_TOKENS + share * (USUAL_ANSWER_TOKENS - _PAGE_TOKENS)) / 10) * 10


class Api(StrEnum):
    """One of the two APIs of a provider."""

    RESPONSES = "responses"
    CHAT_COMPLETIONS = "chat_completions"


class ModelInfo(Value, frozen=True):
    """The facts about a model; None means unknown, never "no", except in `variant`.

    Attributes:
        variant: the variant that stands for this model; None if there is none.
        efforts: accepted values, least first; () if it takes no effort.
        sampling_efforts: efforts that allow temperature and top_p; () if none does.
        image_tokens: the rule for the cost and the size of images.
        chats: False if it cannot, such as a model for speech.
        makes_images: True if it can answer with images.
        takes_schema: True if it can answer in JSON that follows a schema.
        hosted_tools: the tools that its provider can run for it.
        successors: the ids of models that its maker recommends in its place, the newest first.
        reasons: True if it thinks before it answers; used if `efforts` are unknown.
        context_window, max_input, max_output: tokens.
        price_tiers: a service tier's price, or its multiple of the ordinary price; other tiers'
            prices are unknown.
        usual_seconds: the time for an answer of about a page, by effort.
        price_is_final: True if the provider states `price`, so that `price_multiplier` does not
            apply.
    """

    id: str
    name: str
    variant: Variant | None = None
    apis: tuple[Api, ...] | None = None
    efforts: tuple[Effort, ...] | None = None
    default_effort: Effort | None = None
    sampling_efforts: tuple[Effort, ...] | None = None
    takes_verbosity: bool | None = None
    sees_images: bool | None = None
    takes_batches: bool | None = None
    takes_tools: bool | None = None
    takes_schema: bool | None = None
    chats: bool | None = None
    makes_images: bool | None = None
    hosted_tools: tuple[str, ...] | None = None
    reasons: bool | None = None
    image_tokens: ImageTokens | None = None
    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    price: Price | None = None
    price_tiers: tuple[tuple[str, Decimal | Price], ...] = ()
    shutdown: date | None = None
    successors: tuple[str, ...] = ()
    usual_seconds: tuple[tuple[Effort, float], ...] = ()
    price_is_final: bool = False

    @property
    def is_reasoning(self) -> bool | None:
        """Return True if the model thinks before it answers; None if unknown."""
        return self.reasons if self.efforts is None else bool(self.efforts)

    @property
    def input_limit(self) -> int | None:
        """Return the input tokens that fit: the stated limit, else the window; None if unknown."""
        return self.max_input if self.max_input is not None else self.context_window

    def price_at(self, tier: str | None) -> Price | None:
        """Return the price in a service tier, None if unknown; None or "" is the ordinary tier.

        A free model is free in every tier.
        """
        if self.price is None or self.price == FREE or tier in _ORDINARY_TIERS:
            return self.price
        tier_price = dict(self.price_tiers).get(tier or "")
        return self.price.times(tier_price) if isinstance(tier_price, Decimal) else tier_price

    def counted_price_at(self, tier: str | None) -> Price | None:
        """Return the price for spending limits: the tier's, else the ordinary; None if unknown."""
        return self.price_at(tier) or self.price

    def usual_duration(self, effort: Effort | None) -> float | None:
        """Return the seconds that an answer usually takes; None if unknown."""
        return dict(self.usual_seconds).get(effort or self.default_effort or Effort.MEDIUM)

    def usual_tokens(self, effort: Effort | None) -> int:
        """Return the output tokens that are assumed of an answer before the user's were measured.

        They grow with the time that the answer takes: USUAL_ANSWER_TOKENS with gpt-5.2 at medium.
        """
        if effort is None and not self.has_efforts:
            return USUAL_ANSWER_TOKENS
        effort = effort or self.default_effort or Effort.MEDIUM
        seconds = self.usual_duration(effort)
        return usual_tokens_of(effort) if seconds is None else _tokens_in(seconds)

    @property
    def has_efforts(self) -> bool:
        """Return True if the model is known to take an effort."""
        return bool(self.efforts)

    @property
    def offers_efforts(self) -> bool:
        """Return True if an effort may be chosen: unknown ones for a model that reasons."""
        return self.has_efforts or (self.efforts is None and self.reasons is True)

    def effort_refusal(self, effort: Effort) -> IllegalChoiceError | None:
        """Return why `effort` cannot be chosen; None if it can."""
        # A word that neither the model's row nor the list of efforts has is a typing error.
        accepted_efforts = tuple(Effort) if self.efforts is None else self.efforts
        if effort in accepted_efforts:
            return None
        if not accepted_efforts:
            return IllegalChoiceError(
                N_("{model} doesn’t support reasoning effort."),
                hint=N_("Leave out the effort."),
                model=self.name,
            )
        accepted = ", ".join(each.value for each in accepted_efforts)
        if len(accepted_efforts) == 1:
            return IllegalChoiceError(
                N_("{model} always uses the effort {only}."),
                hint=_LIST_EFFORTS,
                model=self.name,
                only=accepted,
                accepted=accepted,
            )
        return IllegalChoiceError(
            N_("{model} doesn’t support the effort {effort}."),
            hint=_LIST_EFFORTS,
            model=self.name,
            effort=effort.value,
            accepted=accepted,
        )

    def nearest_effort(self, effort: Effort) -> Effort | None:
        """Return the accepted effort nearest to `effort`; of two equally near, the higher.

        Return `effort` if the accepted efforts are unknown, and None if the model takes none.
        """
        if self.efforts is None or effort in self.efforts:
            return effort

        def distance(accepted: Effort) -> tuple[bool, int, int]:
            # An effort without a place in the order is taken only if there is no other.
            return not accepted.is_known, abs(accepted.rank - effort.rank), -accepted.rank

        return min(self.efforts, key=distance, default=None)

    def takes_sampling(self, effort: Effort | None) -> bool:
        """Return True if temperature and top_p can be set with `effort`, or if that is unknown."""
        return self.sampling_efforts is None or effort in self.sampling_efforts


class SmallJob(NamedTuple):
    """The models for routine work such as titles, at providers that serve the GPT family.

    The cheapest of `models` that the provider has is used, unless it costs more than the
    conversation's model. It gets `effort`, or its lowest effort if it does not accept `effort`.
    """

    models: tuple[str, ...] = ()
    effort: Effort | None = None


class FileInputs(NamedTuple):
    """The documents that a provider takes as files instead of text.

    Attributes:
        each_bytes, together_bytes: the limit for one file, and for all files of a request.
        types: the media types of these documents.
    """

    each_bytes: int
    together_bytes: int
    types: tuple[str, ...]


class ModelCatalog:
    """The known models, in the order of the files, and facts about kinds of providers.

    Args:
        not_chat: patterns of the names of models that cannot chat.
        prices: the prices of many providers; None for none.
        day: of the program's other facts.
        user_windows, user_prices: the ids of the models whose window, or price, the user's file
            states.
        variants: the ids of the models that stand for each variant, the user's first; None for
            those that say so themselves.

    Attributes:
        hosted_tools: the price in US dollars of a call of each tool that OpenAI runs.
        problems: a sentence for each wrong value of the user's file, which is left out.
    """

    def __init__(
        self,
        models: Iterable[ModelInfo],
        small_jobs: Mapping[str, SmallJob] | None = None,
        not_chat: Iterable[str] = (),
        file_inputs: Mapping[str, FileInputs] | None = None,
        embeddings: Mapping[str, Price] | None = None,
        hosted_tools: Mapping[str, Decimal] | None = None,
        user_windows: Iterable[str] = (),
        user_prices: Iterable[str] = (),
        problems: Iterable[SettingError] = (),
        prices: PriceList | None = None,
        day: date | None = None,
        variants: Mapping[Variant, Sequence[str]] | None = None,
    ) -> None:
        self._models = {model.id: model for model in models}
        own_variants = {m.variant: (m.id,) for m in self._models.values() if m.variant is not None}
        self._variants = own_variants if variants is None else dict(variants)
        self._not_chat = tuple(not_chat)
        self._small_jobs = dict(small_jobs or {})
        self._file_inputs = dict(file_inputs or {})
        self._embeddings = dict(embeddings or {})
        self.hosted_tools = dict(hosted_tools or {})
        self._user_windows = frozenset(user_windows)
        self._user_prices = frozenset(user_prices)
        self.problems = tuple(problems)
        self._prices = prices
        self._day = day

    @classmethod
    def from_toml(cls, *texts: str, prices: PriceList | None = None) -> ModelCatalog:
        """Read TOML texts; later ones, such as the user's, override and extend earlier ones.

        Their wrong values are left out, and are named in `problems`.
        """
        # The first paint needs the types of this module, but no catalog.
        from desktop_app.domain.models.catalog_file import read_catalog_file

        files = [read_catalog_file(text, USER_FILE) for text in texts]
        return cls.from_files(files, prices)

    @classmethod
    def from_files(
        cls, files: Sequence[CatalogFile], prices: PriceList | None = None
    ) -> ModelCatalog:
        """Return the catalog of files; the first is the program's own, the others the user's."""
        models: dict[str, dict[str, Any]] = {}
        jobs: dict[str, dict[str, Any]] = {}
        for file in files:
            for rows, added in ((models, file.models), (jobs, file.small_jobs)):
                for key, facts in added.items():
                    rows[key] = {**rows.get(key, {}), **facts}
        variants = _variant_models(files)
        for ids in variants.values():
            for id_ in ids[1:]:
                models[id_].pop("variant", None)
        return cls(
            [ModelInfo(**_with_family(id_, facts, models)) for id_, facts in models.items()],
            variants=variants,
            small_jobs={job: SmallJob(**facts) for job, facts in jobs.items()},
            not_chat=[pattern for file in files for pattern in file.not_chat],
            file_inputs=_merged(file.file_inputs for file in files),
            embeddings=_merged(file.embeddings for file in files),
            hosted_tools=_merged(file.hosted_tools for file in files),
            user_windows=_models_stating(files[1:], {"context_window", "max_input"}),
            user_prices=_models_stating(files[1:], {"price"}),
            problems=[problem for file in files for problem in file.problems],
            prices=prices,
            day=files[0].day,
        )

    def __iter__(self) -> Iterator[ModelInfo]:
        return (self.info(model_id) for model_id in self._models)

    def info(self, model_id: str, address: str = "") -> ModelInfo:
        """Return the facts about `model_id`; a ModelInfo without facts if none are known.

        Dated snapshots, fine-tuned models, and models that a gateway names with their provider
        inherit the facts about their family, except the variant and the shutdown date. Models at a
        gateway do not inherit the APIs either.

        Args:
            address: of the server's API, which decides on the price; with "", or that of a server
                of which no prices are known, a model of the catalog has OpenAI's.
        """
        info = self._stated_info(model_id)
        listed = self._listed_price(model_id, address)
        if listed is None:
            return info
        if info.price is None:
            info = replace(info, price=listed.price, price_tiers=listed.tiers)
        if info.input_limit is None:
            info = replace(info, context_window=listed.window)
        return info

    @property
    def day(self) -> date | None:
        """Return the day of the newest facts; None if it is unknown."""
        prices_day = None if self._prices is None else self._prices.day
        return max(filter(None, (self._day, prices_day)), default=None)

    def has_prices_of(self, address: str) -> bool:
        """Return True if the prices of the server at an API's address are known as its own."""
        return self._prices is not None and bool(self._prices.provider_at(address))

    def _listed_price(self, model_id: str, address: str) -> ListedPrice | None:
        if self._prices is None:
            return None
        provider = self._prices.provider_at(address) if address else ""
        if not provider and not self.knows(model_id):
            return None
        today = date.today()  # noqa: DTZ011 — the user's day
        names = dict.fromkeys((model_id, family_of(model_id)))
        found = (self._prices.find(provider or OPENAI_PRICES, name, today) for name in names)
        return next(filter(None, found), None)

    def _stated_info(self, model_id: str) -> ModelInfo:
        info = self._models.get(model_id)
        if info is not None:
            return info
        family = self._models.get(family_of(model_id))
        if family is None:
            is_path = model_id.startswith("/") and model_id.endswith(".gguf")  # of llama.cpp
            return ModelInfo(id=model_id, name=model_id.rpartition("/")[2] if is_path else model_id)
        apis = None if _GATEWAY_PREFIX.match(model_id) else family.apis
        return replace(family, id=model_id, name=model_id, variant=None, shutdown=None, apis=apis)

    def knows(self, model_id: str) -> bool:
        """Return True if the catalog names `model_id` or its family."""
        return model_id in self._models or family_of(model_id) in self._models

    def has_user_window(self, model_id: str) -> bool:
        """Return True if the user's file states the model's window, which overrides a server's."""
        return not self._user_windows.isdisjoint((model_id, family_of(model_id)))

    def has_user_price(self, model_id: str) -> bool:
        """Return True if the user's file states the model's price."""
        return not self._user_prices.isdisjoint((model_id, family_of(model_id)))

    def can_chat(self, model_id: str) -> bool:
        """Return True if a listed model is offered for chats.

        The catalog's patterns exclude models for embeddings, speech or images, unless the catalog
        names the model.
        """
        is_other = self._not_chat_pattern.match(model_id.casefold()) is not None
        chats = self._stated_info(model_id).chats
        return (self.knows(model_id) or not is_other) if chats is None else chats

    @cached_property
    def _not_chat_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(translate, self._not_chat)) or "(?!)")

    def small_job(self, job: str) -> SmallJob:
        """Return the models for a job; an empty SmallJob if the catalog has none."""
        return self._small_jobs.get(job, SmallJob())

    def file_inputs(self, kind: str) -> FileInputs | None:
        """Return the documents that a kind of provider takes as files; None if it takes none."""
        return self._file_inputs.get(kind)

    def embedding_price(self, model_id: str) -> Price | None:
        """Return the price of a model's embeddings; None if unknown."""
        return self._embeddings.get(model_id)

    def variant_models(self, variant: Variant) -> Sequence[str]:
        """Return the ids of the models for `variant`: the user's, and last the program's own."""
        return self._variants[variant]

    def for_variant(self, variant: Variant) -> ModelInfo:
        """Return the model for `variant`, whatever a provider lists."""
        return self.info(self._variants[variant][0])


def family_of(model_id: str) -> str:
    """Return a model's family: its id without gateway prefix, fine-tuning and snapshot date.

    >>> family_of("gpt-5.2-2025-12-11"), family_of("ft:gpt-5.2-2025-12-11:acme::B1")
    ('gpt-5.2', 'gpt-5.2')
    >>> family_of("openai/gpt-5.2-2025-12-11"), family_of("elsewhere/gpt-5.2")
    ('gpt-5.2', 'elsewhere/gpt-5.2')
    """
    model_id = _GATEWAY_PREFIX.sub("", model_id)
    if model_id.startswith(_FINE_TUNED_PREFIX):
        model_id = model_id.split(":")[1]
    return _SNAPSHOT_DATE.sub("", model_id)


def _with_family(
    model_id: str, facts: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a model's facts with those of its family that it does not state."""
    family = models.get(family_of(model_id), {})
    inherited = {name: value for name, value in family.items() if name not in _UNINHERITED_FACTS}
    return {"id": model_id, "name": model_id, **inherited, **facts}


def _variant_models(files: Iterable[CatalogFile]) -> dict[Variant, list[str]]:
    """Return the ids of the models that stand for each variant, those stated last first."""
    stated: dict[Variant, list[str]] = {}
    for file in files:
        for id_, row in file.models.items():
            if (variant := row.get("variant")) is not None:
                stated[variant] = [id_, *(each for each in stated.get(variant, ()) if each != id_)]
    return stated


def _merged(tables: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {key: value for table in tables for key, value in table.items()}


def _models_stating(files: Iterable[CatalogFile], facts: set[str]) -> set[str]:
    """Return the ids of the models for which the user's files state any of these facts."""
    return {id_ for file in files for id_, row in file.models.items() if facts & set(row)}
