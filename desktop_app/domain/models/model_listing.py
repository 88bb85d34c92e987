"""The models that a provider lists (`GET /models`): their shutdown dates and windows.

Shutdown dates in the catalog are OpenAI's plans; other providers keep models for longer, and OpenAI
may, too. So a model that is listed after its shutdown date is still served.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.models.model_catalog import ModelCatalog, ModelInfo
from desktop_app.domain.spending.cost import Price
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr

SHUTDOWN_WARNING_DAYS = 90  # an arbitrary number


class ModelKind(StrEnum):
    """The purpose of a model."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    IMAGE = "image"
    AUDIO = "audio"
    MODERATION = "moderation"
    OTHER = "other"


@dataclass(frozen=True)
class ModelDetails:
    """The facts that a server lists about a model; None for any that it omits.

    Attributes:
        input_price, output_price, cached_price: US dollars per million tokens; `cached_price` is
            that of cached input.
        images: True if the model sees images.
        schema: True if it can answer in JSON that follows a schema.
        max_output: tokens.
    """

    kind: ModelKind | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    images: bool | None = None
    tools: bool | None = None
    cached_price: Decimal | None = None
    max_output: int | None = None
    reasoning: bool | None = None
    schema: bool | None = None
    makes_images: bool | None = None

    @property
    def price(self) -> Price | None:
        """Return the server's price; None unless it lists a price of input and one of output."""
        if self.input_price is None or self.output_price is None:
            return None
        return Price(self.input_price, self.output_price, self.cached_price)

    def filled_from(self, other: ModelDetails) -> ModelDetails:
        """Return these details, with those of `other` in place of unknown ones."""
        unknown = [each.name for each in fields(self) if getattr(self, each.name) is None]
        return replace(self, **{name: getattr(other, name) for name in unknown})


class ListedModel(NamedTuple):
    """A listed model, with its shutdown date and window if the provider names them.

    Attributes:
        window: in tokens: the context window or the input limit, see `with_listed_window`.
    """

    id: str
    shutdown: date | None = None
    window: int | None = None
    details: ModelDetails = ModelDetails()

    @property
    def can_chat(self) -> bool | None:
        """Return False for a model of another kind; None if the server does not name the kind."""
        return None if self.details.kind is None else self.details.kind is ModelKind.CHAT


@dataclass(frozen=True)
class ModelListing:
    """The models that the server at `base_url` has listed."""

    base_url: str
    models: tuple[ListedModel, ...]
    listed_at: datetime

    @cached_property
    def _by_id(self) -> dict[str, ListedModel]:
        return {model.id: model for model in self.models}

    def has(self, model_id: str) -> bool:
        """Return True if the model was listed."""
        return model_id in self._by_id

    def listed_model(self, model_id: str) -> ListedModel:
        """Return the listed facts about a model; none but its id if it is not listed."""
        return self._by_id.get(model_id, ListedModel(model_id))


def with_listed_window(info: ModelInfo, listing: ModelListing | None) -> ModelInfo:
    """Return the model with its listed window, if the catalog's is unknown or larger.

    Some servers list the context window, others the input limit; the number is used for both.
    """
    window = listing.listed_model(info.id).window if listing else None
    if window is None or (info.input_limit is not None and info.input_limit <= window):
        return info
    return replace(info, context_window=window, max_input=None)


def with_listed_details(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None
) -> ModelInfo:
    """Return the model with the listed facts that the catalog lacks.

    The prices of a compatible server replace the catalog's, which are OpenAI's.
    """
    if listing is None:
        return info
    listed_details = listing.listed_model(info.id).details
    if profile.kind is ProviderKind.COMPATIBLE:
        price = listed_details.price or info.price
    else:
        price = info.price or listed_details.price
    is_listed_price = price is not info.price
    return replace(
        info,
        price=price,
        # The server's price is what it charges; the catalog's tiers are multiples of another.
        price_is_final=info.price_is_final or is_listed_price,
        price_tiers=() if is_listed_price else info.price_tiers,
        max_output=info.max_output or listed_details.max_output,
        sees_images=listed_details.images if info.sees_images is None else info.sees_images,
        takes_tools=listed_details.tools if info.takes_tools is None else info.takes_tools,
        takes_schema=listed_details.schema if info.takes_schema is None else info.takes_schema,
        makes_images=listed_details.makes_images
        if info.makes_images is None
        else info.makes_images,
        reasons=listed_details.reasoning if info.reasons is None else info.reasons,
    )


def info_at(
    profile: ProviderProfile,
    model_id: str,
    catalog: ModelCatalog,
    listing: ModelListing | None = None,
) -> ModelInfo:
    """Return the facts about a model at a provider.

    The user's entries for the provider come first, then the user's file of models.
    `with_listed_window` and `with_listed_details` combine the catalog with the server's list.
    """
    info = catalog.info(model_id)
    if not catalog.has_user_window(model_id):
        info = with_listed_window(info, listing)
    listed_info = with_listed_details(profile, info, listing)
    if catalog.has_user_price(model_id):
        listed_info = replace(
            listed_info, price=info.price, price_tiers=info.price_tiers, price_is_final=False
        )
    return profile.own_model(model_id).applied_to(listed_info)


class ModelAvailability(NamedTuple):
    """The availability of a model at a provider on a day; `listing` is None if unknown."""

    profile: ProviderProfile
    model: ModelInfo
    listing: ModelListing | None
    today: date

    @property
    def shutdown_date(self) -> date | None:
        """Return the date from which the provider no longer serves the model; None if unknown.

        The catalog's dates apply to OpenAI only.
        """
        listed_date = self.listing.listed_model(self.model.id).shutdown if self.listing else None
        if listed_date is not None:
            return listed_date
        return self.model.shutdown if self.profile.kind is ProviderKind.OPENAI else None

    @property
    def is_shut_down(self) -> bool:
        """Return True from the shutdown date on, unless a later listing names the model."""
        end = self.shutdown_date
        if end is None or end > self.today:
            return False
        if self.listing is None or not self._is_listed:
            return True
        # A listing from before the date does not tell if the model is still served.
        return self.listing.listed_at.date() < end

    @property
    def is_served(self) -> bool:
        """Return True unless the model was shut down, or the listing lacks it."""
        return not self.is_shut_down and (self.listing is None or self._is_listed)

    @property
    def notice(self) -> NoticeText:
        """Return a notice of the model's shutdown if it is near or over; otherwise ""."""
        end = self._shutdown_to_announce
        if end is None:
            return ""
        if self.is_shut_down:
            code = NoticeCode.MODEL_GONE
        elif end <= self.today:
            code = NoticeCode.MODEL_STILL_LISTED
        else:
            code = NoticeCode.MODEL_ENDS
        return notice(code, model=self.model.name, provider=self.profile.name, day=end.isoformat())

    @property
    def shutdown_mark(self) -> str:
        """Return the words on the model's shutdown that follow its name; "" if it is not near.

        Return "" also if the date has passed, but the model is still listed.
        """
        end = self._shutdown_to_announce
        if end is None:
            return ""
        if self.is_shut_down:
            return tr("shut down on {day}", day=formatting.day(end))
        if end > self.today:
            return tr("ends on {day}", day=formatting.day(end))
        return ""

    @property
    def _is_listed(self) -> bool:
        return self.listing is not None and self.listing.has(self.model.id)

    @property
    def _shutdown_to_announce(self) -> date | None:
        """Return the shutdown date if it is near or over, otherwise None."""
        end = self.shutdown_date
        if end is None or (end - self.today).days > SHUTDOWN_WARNING_DAYS:
            return None
        return end
