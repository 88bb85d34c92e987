"""The models that a provider lists (`GET /models`): their shutdown dates and windows.

Shutdown dates in the catalog are OpenAI's plans; other providers keep models for longer, and OpenAI
may, too. So a model that is listed after its shutdown date is still served.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import Final, NamedTuple

from msgspec.structs import replace

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.models.model_catalog import ModelCatalog, ModelInfo
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.value import Value
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr

SHUTDOWN_WARNING_DAYS = 90  # an arbitrary number
OPENAI_ADDRESS: Final = "https://api.openai.com/v1"


class ModelListing(Value, frozen=True, dict=True):
    """The models that the server at `base_url` has listed."""

    base_url: str
    models: tuple[ModelFacts, ...]
    listed_at: datetime

    @cached_property
    def _by_id(self) -> dict[str, ModelFacts]:
        return {model.id: model for model in self.models}

    def has(self, model_id: str) -> bool:
        return model_id in self._by_id

    def listed_model(self, model_id: str) -> ModelFacts:
        """Return the listed facts about a model; none but its id if it is not listed."""
        return self._by_id.get(model_id, ModelFacts(model_id))


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

    The prices and efforts that a compatible server lists replace the catalog's, which are OpenAI's.
    """
    if listing is None:
        return info
    listed = listing.listed_model(info.id)
    is_compatible = profile.kind is ProviderKind.COMPATIBLE
    if listed.price is not None and (is_compatible or info.price is None):
        # The server's price is what it charges; the catalog's tiers are multiples of another.
        info = replace(info, price=listed.price, price_is_final=True, price_tiers=())
    if listed.efforts is not None and is_compatible:
        info = replace(info, efforts=listed.efforts, default_effort=listed.default_effort)
    return listed.filled_in(info)


def _api_address(profile: ProviderProfile) -> str:
    """Return the address whose prices apply: CometAPI's are a share of OpenAI's."""
    if profile.kind.takes_openai_fields:
        return OPENAI_ADDRESS
    return profile.base_url if profile.kind is ProviderKind.COMPATIBLE else ""


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
    info = catalog.info(model_id, _api_address(profile))
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
    def ends_soon(self) -> bool:
        """Return True if the model is to be shut down within SHUTDOWN_WARNING_DAYS."""
        return self._shutdown_to_announce is not None

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
        """Return the words on the model's shutdown that follow its name; "" if none is known.

        Return "" also if the date has passed, but the model is still listed.
        """
        end = self.shutdown_date
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
