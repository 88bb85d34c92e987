"""Resolves the user's choice to the model and effort that are sent.

The choice is stored as the user made it. If the model does not support the chosen effort, the
nearest supported one is sent, and shown as chosen. Switching back restores the user's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import PurePath

from msgspec.structs import replace

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import USUAL_PARAMETERS, GenerationParameters
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.cost import FREE, LONGEST_ANSWER_TOKENS, CallCost, Price
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.model_catalog import Api, FileInputs, ModelCatalog, ModelInfo
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.network_address import is_private, split_url
from desktop_app.domain.tools.image_settings import REQUESTED_IMAGE, image_price
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import paragraph, tr
from desktop_app.providers.models.model_listing import ModelAvailability, ModelListing, info_at

ON_DEVICE_MODEL = "smollm2-135m-instruct"
ON_DEVICE_WINDOW = 8192  # tokens: the most that local_model/ allows for a file of the user's
MAX_MODEL_NAME_CHARS = 1000  # of the model's name in a reply; the rest is not stored
INSTANT_RETIRED = notice(NoticeCode.INSTANT_RETIRED)


class PriceClaim(Enum):
    """The evidence that a catalog price applies to a model at a provider.

    A compatible server may call any model by a name that the catalog has a price for.
    """

    CERTAIN = "certain"
    IF_SAME_MODEL = "if_same_model"
    """The price does not apply to a reply that names another model."""
    NONE = "none"


class ResolvedChoice(Value, frozen=True):
    """The model and settings that are sent.

    Attributes:
        variant: None if the model was chosen by its id.
        effort: None if no effort is sent.
        notice: a note under the answer that names the stand-in for the chosen model; usually "".
        service_tier: the requested tier; after the answer, the tier that answered.
        warning: a note beside the choice, if the model is deprecated or retired.
        files: the documents accepted as files; None if there are none.
        claim: the evidence that the price applies.
    """

    profile: ProviderProfile
    model: ModelInfo
    variant: Variant | None
    effort: Effort | None
    notice: NoticeText = ""
    service_tier: str | None = None
    warning: NoticeText = ""
    files: FileInputs | None = None
    claim: PriceClaim = PriceClaim.CERTAIN

    @property
    def label(self) -> str:
        """Return the variant or model, with its effort, as commands name it."""
        name = self.variant.value if self.variant else self.model.id
        return f"{name}/{self.effort.value}" if self.effort else name

    def has_certain_price_for(self, model: str) -> bool:
        """Return True if the price applies to a reply that names `model`, "" for none."""
        return self.claim is PriceClaim.CERTAIN or is_same_model(self.model.id, model)

    def expected_cost(
        self,
        input_tokens: int,
        max_output_tokens: int | None = None,
        answer_tokens: int | None = None,
    ) -> CallCost | None:
        """Return the cost of a call before it is sent; None if the price is unknown.

        Args:
            max_output_tokens: the limit that the request sets.
            answer_tokens: the tokens of an answer without that limit; None for the usual ones.
        """
        price = self.counted_price
        if price is None:
            return None
        longest = self.longest_answer(max_output_tokens)
        if answer_tokens is None:
            answer_tokens = self.model.usual_tokens(self.effort)
        usual = longest if max_output_tokens else min(answer_tokens, longest)
        prompt = price.prompt_cost(input_tokens)
        usual_cost = prompt + price.answer_cost(input_tokens, usual)
        most = prompt + price.answer_cost(input_tokens, longest)
        return CallCost(prompt, usual_cost, most, input_tokens)

    def longest_answer(self, max_output_tokens: int | None = None) -> int:
        """Return the most tokens of an answer; `max_output_tokens` is the request's limit."""
        limits = (max_output_tokens, self.model.max_output, self.model.context_window)
        return min(filter(None, limits), default=LONGEST_ANSWER_TOKENS)

    @property
    def price(self) -> Price | None:
        """Return US dollars per million tokens at this provider and tier; None if unknown."""
        if self.claim is PriceClaim.NONE:
            return None
        return self._charged_price(self.model.price_at(self.service_tier))

    @property
    def counted_price(self) -> Price | None:
        """Return the price for the spending limit: the tier's, else the ordinary one.

        Return None if both are unknown.
        """
        if self.claim is PriceClaim.NONE:
            return None
        return self._charged_price(self.model.counted_price_at(self.service_tier))

    def _charged_price(self, price: Price | None) -> Price | None:
        if price is None or self.model.price_is_final:
            return price
        return price.times(self.profile.price_multiplier)


class ProviderModels(Value, frozen=True):
    """The models of a provider, with facts from the catalog, the server's list and the user.

    Attributes:
        listing: the server's list; None if it is unknown.
        variants: the ids of the models that the user chose for variants, wherever they are listed.
    """

    profile: ProviderProfile
    catalog: ModelCatalog
    listing: ModelListing | None = None
    variants: Mapping[Variant, str] = {}

    def info(self, model_id: str, learned_window: int | None = None) -> ModelInfo:
        """Return the facts about a model. A GGUF file of the user's is free and local.

        Args:
            learned_window: the window that the server named in a refusal, if no limit is known.
        """
        if self.profile.kind is ProviderKind.ON_DEVICE and not self.catalog.knows(model_id):
            facts = self.listing.listed_model(model_id) if self.listing else ModelFacts(model_id)
            return facts.filled_in(
                ModelInfo(
                    id=model_id,
                    name=facts.name or PurePath(model_id).stem,
                    apis=(Api.CHAT_COMPLETIONS,),
                    efforts=facts.efforts or (),
                    sees_images=bool(facts.images),
                    context_window=facts.window or ON_DEVICE_WINDOW,
                    price=FREE,
                )
            )
        info = info_at(self.profile, model_id, self.catalog, self.listing)
        if learned_window is None or info.input_limit:
            return info
        return replace(info, context_window=learned_window)

    def variant_model(self, variant: Variant) -> str:
        """Return the id of the model for a variant: of the user's that are listed, the first."""
        own = self.variants.get(variant)
        ids = [*([own] if own else []), *self.catalog.variant_models(variant)]
        return next(filter(self._is_listed, ids), ids[-1])

    def for_variant(self, variant: Variant, learned_window: int | None = None) -> ModelInfo:
        """Return the facts about the model for a variant; of Instant's efforts only the least."""
        info = self.info(self.variant_model(variant), learned_window)
        efforts = info.efforts
        if variant is Variant.INSTANT and efforts:
            efforts = efforts[:1]
        return replace(info, variant=variant, efforts=efforts)

    def successor(self, info: ModelInfo) -> ModelInfo | None:
        """Return the model that its maker recommends in place of another; None if none is listed.

        Without a list, it may be any of them.
        """
        found = next(filter(self._is_listed, info.successors), None)
        return None if found is None else self.info(found)

    def _is_listed(self, model_id: str) -> bool:
        return self.listing is None or self.listing.has(model_id)

    def availability(self, info: ModelInfo, today: date) -> ModelAvailability:
        """Return the availability of a model on the day `today`."""
        return ModelAvailability(self.profile, info, self.listing, today)

    def resolve(
        self,
        choice: ModelChoice,
        today: date,
        *,
        is_instant_gone: bool = False,
        window_of: Callable[[ProviderProfile, str], int | None] = lambda _profile, _model: None,
    ) -> ResolvedChoice:
        """Return the model and effort to send for `choice`.

        Args:
            is_instant_gone: the provider has replied that it does not serve Instant's model.
            window_of: returns the window that the server named in a refusal.
        """
        variant = choice.variant
        model_id = self.variant_model(variant) if variant else choice.model
        learned_window = window_of(self.profile, model_id)
        info = (
            self.for_variant(variant, learned_window)
            if variant
            else self.info(model_id, learned_window)
        )
        availability = self.availability(info, today)
        if variant is Variant.INSTANT and (is_instant_gone or not availability.is_served):
            stand_in = self.info(self.catalog.variant_models(Variant.THINKING)[-1])
            resolved = self.choice_of(stand_in, Effort.NONE, variant=variant)
            return replace(resolved, notice=INSTANT_RETIRED, files=self._file_inputs(stand_in))
        resolved = self.choice_of(info, _effort_for(info, choice.effort), variant=variant)
        return replace(resolved, warning=availability.notice, files=self._file_inputs(info))

    def price_claim(self, model_id: str) -> PriceClaim:
        """Return the evidence that the price of a model applies.

        A price is certain, whatever model the reply names, if the user states it, if the server
        lists it, if the catalog has the prices of this server, or if it is not a compatible one.
        OpenAI's price applies at a compatible server if the user or the server's list names the
        model, or if the server's list is unknown. It never applies at a server on this computer or
        its network, which runs models of its own; but LiteLLM and the environment's server may be
        gateways to OpenAI.
        """
        profile, listing = self.profile, self.listing
        own_price = profile.own_model(model_id).price
        is_stated = self.catalog.has_user_price(model_id) or own_price is not None
        is_listed = listing is not None and listing.listed_model(model_id).price is not None
        is_makers = self.catalog.has_prices_of(profile.base_url)
        if profile.kind is not ProviderKind.COMPATIBLE or is_stated or is_listed or is_makers:
            return PriceClaim.CERTAIN
        is_gateway = profile.from_environment or profile.id.startswith("litellm-")
        if not is_gateway and is_private(split_url(profile.base_url).hostname or ""):
            return PriceClaim.NONE
        is_named = model_id in profile.models and not profile.from_environment
        if is_named or listing is None or listing.has(model_id):
            return PriceClaim.IF_SAME_MODEL
        return PriceClaim.NONE

    def choice_of(
        self,
        info: ModelInfo,
        effort: Effort | None = None,
        *,
        variant: Variant | None = None,
        service_tier: str | None = None,
    ) -> ResolvedChoice:
        """Return the choice of a model, with the evidence for its price."""
        claim = self.price_claim(info.id)
        profile = self.profile
        if profile.kind is ProviderKind.ON_DEVICE:  # each model has a server of its own
            profile = replace(profile, models=(info.id,))
        return ResolvedChoice(
            profile, info, variant, effort, service_tier=service_tier, claim=claim
        )

    def _file_inputs(self, info: ModelInfo) -> FileInputs | None:
        if first_api(self.profile, info) is Api.CHAT_COMPLETIONS:
            return None
        file_inputs = self.catalog.file_inputs(self.profile.kind.value)
        if file_inputs is None and self.profile.takes_files:
            return self.catalog.file_inputs(ProviderKind.OPENAI.value)
        return file_inputs


def _effort_for(info: ModelInfo, chosen_effort: Effort | None) -> Effort | None:
    if info.efforts is None:  # unknown
        return chosen_effort
    return info.nearest_effort(chosen_effort or Effort.MEDIUM)


def shutdown_note(models: ProviderModels, resolved: ResolvedChoice) -> str:
    """Return that a model ends or has ended, and its successor; "" if neither is near."""
    if not resolved.warning:
        return ""
    successor = models.successor(resolved.model)
    if successor is None:
        return str(resolved.warning)
    hint = tr("Its successor is {model}.", model=successor.name)
    return paragraph(str(resolved.warning), hint)


def require_supported(
    resolved: ResolvedChoice, effort: Effort | None, models: ProviderModels
) -> None:
    """Raise if an effort that was requested explicitly is not supported.

    A variant's stand-in does not change the efforts of the variant.

    Raises:
        IllegalChoiceError: with the reason.
    """
    if effort is None or effort is resolved.effort:
        return
    info = resolved.model if resolved.variant is None else models.for_variant(resolved.variant)
    refusal = info.effort_refusal(effort)
    if refusal:
        raise refusal


def default_choice(
    profile: ProviderProfile,
    *,
    variant: Variant = Variant.THINKING,
    effort: Effort = Effort.MEDIUM,
    on_device_model: str = ON_DEVICE_MODEL,
    proposed: str = "",
) -> ModelChoice:
    """Return the choice of a new conversation with `profile`.

    Args:
        proposed: the model if the profile names none; "" leaves it open.
    """
    if profile.kind is ProviderKind.ON_DEVICE:
        return ModelChoice(profile.id, on_device_model, None, None)
    if profile.serves_gpt_family:
        return ModelChoice(profile.id, "", variant, effort)
    model = profile.models[0] if profile.models else proposed
    return ModelChoice(profile.id, model, None, None)


class ModelChoices:
    """Resolver of the user's choices of models.

    Args:
        models_of: returns the models of a provider.
        window_of: returns the context window of a model, in tokens, if a server has named it when
            it refused a request; None otherwise.
    """

    def __init__(
        self,
        models_of: Callable[[ProviderProfile], ProviderModels],
        window_of: Callable[[ProviderProfile, str], int | None] = lambda _profile, _model: None,
    ) -> None:
        self._models_of = models_of
        self._window_of = window_of
        self._without_instant: set[tuple[str, str]] = set()  # a provider's id, and Instant's model

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        models = self._models_of(profile)
        is_instant = choice.variant is Variant.INSTANT
        return models.resolve(
            choice,
            date.today(),  # noqa: DTZ011 — the user's day
            is_instant_gone=is_instant
            and (profile.id, models.variant_model(Variant.INSTANT)) in self._without_instant,
            window_of=self._window_of,
        )

    def retire_instant(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Mark Instant as not served by the provider. Return its stand-in."""
        instant = self._models_of(profile).variant_model(Variant.INSTANT)
        self._without_instant.add((profile.id, instant))
        return self.resolve(profile, choice)

    def tool_prices(
        self, resolved: ResolvedChoice, parameters: GenerationParameters = USUAL_PARAMETERS
    ) -> Mapping[str, Decimal]:
        """Return the prices of hosted tools at this provider, for a request with `parameters`."""
        multiplier = resolved.profile.price_multiplier
        prices = dict(self._models_of(resolved.profile).catalog.hosted_tools)
        image = image_price(prices, parameters.image_shape, parameters.image_quality)
        if image is not None:
            prices[REQUESTED_IMAGE] = image
        return {name: price * multiplier for name, price in prices.items()}
