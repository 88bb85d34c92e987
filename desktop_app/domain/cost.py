"""Tokens and money. Amounts are US dollars as Decimal, because the providers bill in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import ceil
from typing import Final, NamedTuple

from msgspec.structs import replace

from desktop_app.domain.bounds import Count
from desktop_app.domain.value import Value

MILLION = Decimal(1_000_000)
MIN_CACHED_TOKENS: Final = 1024
"""OpenAI caches no shorter prompts (its guide "Prompt caching", November 2026)."""
USUAL_ANSWER_TOKENS: Final = 1000
"""The output tokens that are assumed of an answer at medium effort (`ModelInfo.usual_tokens`)."""
LONGEST_ANSWER_TOKENS: Final = 128_000
"""The output tokens of the longest answer of a model whose limit is unknown: as the catalog's."""

_LEAST_SHARE: Final = 10
"""A server that states less than a tenth of the price is not believed: caches, batches and
discounts cost at least that."""
_LEAST_INPUT_SHARE: Final = 100
"""As for the input, which a server may count much lower than it was estimated here."""
_BYTES_PER_TOKEN: Final = 3
"""Most tokens have more bytes, so that estimates are rather too high."""
_MOST_CHARS_PER_TOKEN: Final = 8
"""More than any tokenizer has on average: prose and code have one to six."""


class Usage(Value, frozen=True):
    """The tokens of a call, as the provider reported them.

    `cached_tokens` is part of `input_tokens`, `reasoning_tokens` part of `output_tokens`.
    """

    input_tokens: Count = 0
    cached_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


class CallUsage(Usage, frozen=True):
    """The usage of one call, with what only its price needs: sums and the store leave it out.

    Attributes:
        cache_write_tokens, audio_input_tokens: parts of `input_tokens`.
        audio_output_tokens: part of `output_tokens`.
        audio_seconds: of sound that was heard, for models that are billed by its length.
        characters: of text that was spoken, for models that are billed by them.
        stated_cost: the US dollars that the server says it charges; None if it does not say.
    """

    cache_write_tokens: Count = 0
    audio_input_tokens: Count = 0
    audio_output_tokens: Count = 0
    audio_seconds: float = 0.0
    characters: Count = 0
    stated_cost: Decimal | None = None

    @property
    def is_complete(self) -> bool:
        """Return True if it has what the call is billed by."""
        return bool(self.input_tokens or self.audio_seconds or self.characters)


class Received(NamedTuple):
    """The output tokens of what came of an answer: the least that it can be, and an estimate."""

    least: int = 0
    estimate: int = 0

    @classmethod
    def of(cls, texts: Iterable[str]) -> Received:
        """Count the texts that a model wrote."""
        chars = size = 0
        for text in texts:
            chars += len(text)
            size += len(text.encode("utf-8", "surrogatepass"))
        least = max(1, chars // _MOST_CHARS_PER_TOKEN) if chars else 0
        return cls(least, ceil(size / _BYTES_PER_TOKEN))

    def counted(self, usage: Usage) -> Usage:
        """Return the usage that counts: servers report no output, or 0, for an answer that came."""
        if usage.output_tokens >= self.least:
            return usage
        return replace(usage, output_tokens=self.estimate)


NOT_KNOWN: Final = Received()


class Price(NamedTuple):
    """US dollars per million tokens; None for a part whose price is not stated.

    Attributes:
        cached_input, cache_write, audio_input, audio_output: None costs as much as other input
            or output.
        audio_seconds, characters: of a million seconds of sound, or of a million characters; None
            if the model is billed by tokens.
        long: the price of a request with a long prompt, for all of its tokens.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    long: LongPrice | None = None
    audio_seconds: Decimal | None = None
    characters: Decimal | None = None

    @property
    def is_free(self) -> bool:
        """Return True if every price is 0."""
        return not any(self)

    @property
    def is_by_tokens(self) -> bool:
        """Return False for a model that is billed by seconds of sound or by characters only."""
        return bool(self.input or self.output) or not (self.audio_seconds or self.characters)

    def times(self, multiplier: Decimal) -> Price:
        """Return the price with every amount multiplied by `multiplier`."""

        def part(amount: Decimal | None) -> Decimal | None:
            return None if amount is None else amount * multiplier

        return Price(
            self.input * multiplier,
            self.output * multiplier,
            part(self.cached_input),
            part(self.cache_write),
            part(self.audio_input),
            part(self.audio_output),
            self.long and LongPrice(self.long.above, self.long.price.times(multiplier)),
            part(self.audio_seconds),
            part(self.characters),
        )

    def of_prompt(self, input_tokens: int) -> Price:
        """Return the price of a request with a prompt of this size."""
        if self.long is None or input_tokens <= self.long.above:
            return self
        return self.long.price.of_prompt(input_tokens)

    def cost(self, usage: Usage) -> Decimal:
        """Return the exact cost of one call; the sum that the server states, if it does."""
        call = _as_call(usage)
        if call.stated_cost is not None:
            return call.stated_cost
        price = self.of_prompt(call.input_tokens)
        input_parts = (
            (call.cached_tokens, price.cached_input),
            (call.cache_write_tokens, price.cache_write),
            (call.audio_input_tokens, price.audio_input),
        )
        output_parts = ((call.audio_output_tokens, price.audio_output),)
        total = _sum_of_parts(call.input_tokens, price.input, input_parts)
        total += _sum_of_parts(call.output_tokens, price.output, output_parts)
        if price.audio_seconds is not None:
            total += Decimal(str(call.audio_seconds)) * price.audio_seconds
        total += call.characters * (price.characters or 0)
        return total / MILLION

    def prompt_cost(self, tokens: int) -> Decimal:
        """Return the most that a prompt costs: the provider may write it to its cache."""
        price = self.of_prompt(tokens)
        amount = price.input
        if tokens >= MIN_CACHED_TOKENS and price.cache_write is not None:
            amount = max(amount, price.cache_write)
        return tokens * amount / MILLION

    def answer_cost(self, prompt_tokens: int, tokens: int) -> Decimal:
        """Return the cost of an answer, without that of its prompt."""
        return tokens * self.of_prompt(prompt_tokens).output / MILLION

    def lacks_part_of(self, usage: Usage) -> bool:
        """Return True if a part of the usage has no price of its own, and so may cost more."""
        call = _as_call(usage)
        price = self.of_prompt(call.input_tokens)
        if self.is_free or call.stated_cost is not None:
            return False
        return any(
            count and amount is None
            for count, amount in (
                (call.cache_write_tokens, price.cache_write),
                (call.audio_input_tokens, price.audio_input),
                (call.audio_output_tokens, price.audio_output),
            )
        )


def _as_call(usage: Usage) -> CallUsage:
    if isinstance(usage, CallUsage):
        return usage
    tokens = (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)
    return CallUsage(*tokens)


def _sum_of_parts(
    tokens: int, price: Decimal, parts: Sequence[tuple[int, Decimal | None]]
) -> Decimal:
    """Return the cost of tokens of which some parts may have prices of their own."""
    other_tokens = tokens - sum(count for count, _ in parts)
    total = other_tokens * price
    for count, part_price in parts:
        total += count * (price if part_price is None else part_price)
    return total


class LongPrice(NamedTuple):
    """The price of requests with more than `above` tokens of input."""

    above: int
    price: Price


class TypicalAnswer(NamedTuple):
    """The medians of recent complete answers of a model with an effort; None if unknown."""

    seconds: float | None = None
    output_tokens: int | None = None


class CallCost(NamedTuple):
    """The US dollars of a call that has not ended, as they count against a monthly limit.

    Attributes:
        input: of what is sent.
        usual: with the usual answer, or with the longest if the user has limited its length.
        most: with the longest answer.
        input_tokens: what is sent, on which the price of the answer may depend.
    """

    input: Decimal
    usual: Decimal
    most: Decimal
    input_tokens: int = 0

    @classmethod
    def fixed(cls, amount: Decimal) -> CallCost:
        """Return the cost of a call without an answer of unknown length."""
        return cls(amount, amount, amount)

    def at_least(self, price: Price, output_tokens: int) -> CallCost:
        """Return the cost of a call that has answered `output_tokens` so far."""
        so_far = self.input + price.answer_cost(self.input_tokens, output_tokens)
        return self._replace(usual=max(self.usual, so_far), most=max(self.most, so_far))


class CountedCost(NamedTuple):
    """The US dollars of a call that has ended.

    Attributes:
        amount: None if it is unknown.
        is_estimated: True if the provider may bill another amount.
    """

    amount: Decimal | None
    is_estimated: bool = False


FREE = Price(Decimal(0), Decimal(0), Decimal(0))


def cost_of(price: Price | None, usage: Usage | None) -> Decimal | None:
    """Return the US dollars of `usage`; None if the price or the usage is unknown.

    A sum that the server states needs no price.
    """
    if isinstance(usage, CallUsage) and usage.stated_cost is not None:
        return usage.stated_cost
    if price is None or usage is None or (usage.input_tokens and not price.is_by_tokens):
        return None
    return price.cost(usage)


def cost_of_calls(price: Price | None, usages: Iterable[Usage]) -> Decimal | None:
    """Return the US dollars of several calls; None if the price of one is unknown.

    A price depends on the size of a prompt, so the cost of the sum would be another.
    """
    return sum_costs([cost_of(price, usage) for usage in usages])


def prompt_cost(price: Price | None, tokens: int) -> Decimal | None:
    """Return the most that a prompt of so many tokens costs; None if the price is unknown."""
    return None if price is None or not price.is_by_tokens else price.prompt_cost(tokens)


def counted_cost(
    price: Price | None,
    usage: Usage | None,
    held: CallCost | None = None,
    *,
    is_billed: bool = True,
    is_certain: bool = True,
    received: Received = NOT_KNOWN,
) -> CountedCost:
    """Return the US dollars of a call that has ended.

    Without usage, with one that lacks the input or some of the output, or at a price that may be
    another one, a call counts at least what was held. A server that understates its usage or its
    charge would never reach a limit.

    Args:
        held: None if nothing was held.
        is_billed: False if the provider refused the call, or was not reached.
        is_certain: False if the price may be another one, because another model answered.
        received: what came of the answer.
    """
    if usage is not None:
        call = _as_call(usage)
        counted = call if call.audio_seconds or call.characters else received.counted(call)
        sent = held.input_tokens if held else 0
        is_whole = call.is_complete and call.input_tokens * _LEAST_INPUT_SHARE >= sent
        is_certain = is_certain and counted is call and is_whole
        usage = counted
    cost = cost_of(price, usage)
    if not is_billed or (price is not None and price.is_free and not cost):
        return CountedCost(Decimal(0))
    if cost is not None:
        is_understated = False
        if isinstance(usage, CallUsage) and usage.stated_cost is not None:
            listed = cost_of(price, replace(usage, stated_cost=None))
            if listed is None or cost * _LEAST_SHARE >= listed:
                return CountedCost(cost)
            cost, is_understated = listed, True
        if is_certain:
            return CountedCost(cost, is_estimated=is_understated)
        return CountedCost(max(cost, held.usual) if held else cost, is_estimated=True)
    if price is None or held is None:
        return CountedCost(None)
    return CountedCost(held.at_least(price, received.estimate).usual, is_estimated=True)


def sum_costs(costs: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum of costs; None if one of them is unknown."""
    known_costs = [cost for cost in costs if cost is not None]
    return sum(known_costs, Decimal(0)) if len(known_costs) == len(costs) else None


def exact_digits(amount: Decimal) -> str:
    """Return every digit of an amount, with at least two decimals, for text fields.

    >>> exact_digits(Decimal("1234.5"))
    '1234.50'
    """
    digits = f"{amount:f}"
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
