"""Writes what the rules of the domain make of random texts, replies, models and addresses.

    python -m tests.data.make_domain_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import json
import random
import re
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from desktop_app.backend.environment_profiles import COMETAPI, OPENAI, profiles_of_environment
from desktop_app.domain.answering import stream_events as events
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.batch.batch_jobs import (
    BatchCounts,
    BatchEstimate,
    BatchJob,
    BatchStatus,
    BatchUpload,
    combined_status,
)
from desktop_app.domain.batch.batch_wording import estimate_text, job_progress_text, job_result_text
from desktop_app.domain.conversations import message_facts as facts_of
from desktop_app.domain.conversations.conversation import (
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
    Role,
    title_from,
)
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    ImagePart,
    PageImage,
    ToolCallPart,
)
from desktop_app.domain.documents.passage_matching import find_passage, letters_of
from desktop_app.domain.documents.passage_words import index_terms, question_terms
from desktop_app.domain.documents.vectors import Vector
from desktop_app.domain.errors import ContentFilteredError, StreamCutError, UserFacingError
from desktop_app.domain.evaluation.evaluation_case import CheckKind
from desktop_app.domain.evaluation.evaluation_result import CaseResult, EvaluationRun
from desktop_app.domain.evaluation.failed_check import FailedCheck
from desktop_app.domain.json_table import rows_for_export, table_of
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.model_catalog import Api, ModelCatalog
from desktop_app.domain.models.model_listing import (
    ListedModel,
    ModelAvailability,
    ModelDetails,
    ModelKind,
    ModelListing,
    info_at,
)
from desktop_app.domain.models.own_model import OwnModel
from desktop_app.domain.models.parameter_notices import api_notices, model_notices
from desktop_app.domain.models.parameter_support import sendable_parameters
from desktop_app.domain.models.token_rates import TextKind, TokenRates
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.azure_address import split_version
from desktop_app.domain.network.custom_fields import parse_headers, parse_query
from desktop_app.domain.network.network_address import (
    is_private,
    parse_proxy,
    split_credentials,
    split_proxy_password,
    unencrypted_private_host,
)
from desktop_app.domain.network.origin import host_of, origin
from desktop_app.domain.network.redaction import Redactor
from desktop_app.domain.prompts import prompts as prompt
from desktop_app.domain.prose_words import fence_after, words_of_line
from desktop_app.domain.spending.cost import Usage, UsageScope
from desktop_app.domain.statistics import Histogram, percentile, wilson_interval
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.strict_schema import is_strict, sendable_arguments
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.domain.tools.tool_server import launch_message, server_of
from desktop_app.paths import resource_path
from tests.data.samples import write_samples

EXPECTED: Final = Path(__file__).with_name("domain")
_AT: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
_CATALOG: Final = ModelCatalog.from_toml(resource_path("models.toml").read_text("utf-8"))
_SET: Final = re.compile(r"frozenset\(\{(.*?)\}\)")


def redactions() -> Iterator[str]:
    """Yield texts without the keys that they hold in random spellings, whole and in pieces."""
    chance = random.Random("redactions")
    spellings: tuple[Callable[[str], str], ...] = (
        str,
        str.upper,
        lambda key: key[::-1],
        lambda key: "-".join(key),
        lambda key: key.encode().hex(),
        lambda key: b64encode(b"xy"[: chance.randint(0, 2)] + key.encode() + b"z").decode(),
        lambda key: b64encode(key.encode("utf-16-le")).decode(),
        lambda key: b32encode(b"abcd"[: chance.randint(0, 4)] + key.encode()).decode(),
        lambda key: "".join(f"%{ord(c):02X}" for c in key),
        lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
        lambda key: "".join(f"&#{ord(c)};" for c in key),
        lambda key: "".join(f"\\{ord(c):o}" for c in key),
        lambda key: quote(key, safe=""),
        lambda key: json.dumps(key),
        lambda key: ",".join(str(ord(c)) for c in key),
        lambda key: key[: len(key) // 2],
    )
    keys = ("sk-proj-Ab12Cd34Ef56Gh78", "pass/w0rd+&", "correct-horse-battery", "short", "a" * 7)
    for _ in range(2_400):
        key = chance.choice(keys)
        text = "".join(
            chance.choice(
                ("words ", "%", "\\", "é ", "&amp", "=\n", "\\u00", chance.choice(spellings)(key))
            )
            for _ in range(chance.randint(1, 6))
        )
        redactor = Redactor([key])
        stream, pieces, at = redactor.stream(), [], 0
        while at < len(text):
            size = chance.randint(1, 30)
            pieces.append(stream.feed(text[at : at + size]))
            at += size
        yield _line(redactor.clean(text), [*pieces, stream.end()])


def encodings() -> Iterator[str]:
    """Yield what is left of a key within encoded bytes, at each alignment, and of short keys."""
    key = "sk-proj-Ab12Cd34Ef56Gh78"
    redactor = Redactor([key])
    for encode in (b64encode, urlsafe_b64encode, b32encode):
        for form in ("utf-8", "utf-16-le"):
            for before in range(5):
                for after in range(3):
                    data = b"\xff" * before + key.encode(form) + b"\xfb" * after
                    yield _line(form, before, after, redactor.clean(encode(data).decode()))
    for length in range(6, 19):
        for letters in ("abcdefghijklmnopqrst", "abcdefghijklmno1qrst", "a1b2c3d4e5f6g7h8i9j0"):
            short = letters[:length]
            spellings = (short, short.upper(), "-".join(short))
            yield _line([Redactor([short]).clean(each) for each in spellings])


def addresses() -> Iterator[str]:
    """Yield what addresses are read as."""
    chance = random.Random("addresses")
    pieces = (
        ("", "http://", "https://", "HTTPS://", "socks5://", "socks://", "ftp://"),
        ("", "", "me@", "me:p%20w@", ":pw@", "a/b:c@"),
        (
            *("api.openai.com", "EXAMPLE.org.", "localhost", "127.0.0.1", "192.168.1.2", "[::1]"),
            *("münchen.de", "a..b", "printer", "nas.local", "a b", "-a.com", "[::g]", "a。b"),
        ),
        ("", "", ":80", ":443", ":1080", ":65536", ":", ":x"),
        ("", "/", "/v1", "/openai/responses", "/v1/chat/completions/", "/openai/deployments/m"),
        ("", "", "?api-version=2025-04-01", "?key=1", "#x", "?api-version=v1&x=1"),
    )
    for _ in range(1_800):
        url = "".join(chance.choice(each) for each in pieces)
        found = origin(url)
        confirmed = unencrypted_private_host(url)
        proxy = _outcome(partial(_proxy, url))
        host = url.partition("://")[2]
        shown = [
            found,
            host_of(found),
            split_credentials(url),
            split_proxy_password(url),
            split_version(url),
        ]
        yield _line(url, *shown, confirmed, is_private(host), proxy)


def environments() -> Iterator[str]:
    """Yield the profiles of random environment variables."""
    chance = random.Random("environments")
    given = {
        "OPENAI_API_KEY": ("sk-1",),
        "OPENAI_BASE_URL": (
            *("http://10.0.0.2:1/v1/", "https://me:pw@h.example/v1", "https://h.example?k=1"),
            *("https://h.example/openai/deployments/m?api-version=2025-04-01", "nonsense"),
            "https://api.openai.com/v1",
        ),
        "OPENAI_MODEL": ("a, b,", ""),
        "OPENAI_ORG_ID": ("org", "é", " "),
        "OPENAI_PROJECT": ("p",),
        "OPENAI_PROJECT_ID": ("proj", "a\nb"),
        "OPENAI_CUSTOM_HEADERS": ("X-A: 1\nx-a: 2", '{"X": "1"}', "no colon", "Host: h"),
        "OPENAI_CUSTOM_QUERY": ("a=1&b=2", "?a=", '{"a": 1}'),
        "OPENAI_API_VERSION": ("2025-01-01", "preview"),
        "AZURE_OPENAI_ENDPOINT": (
            *("https://me.example/", "https://me.example/openai/v1", "http://azure.local"),
            *("https://me.example/openai/deployments/d?api-version=2024-01-01", "x?k=1"),
        ),
        "AZURE_OPENAI_DEPLOYMENT": ("d1, d2",),
        "AZURE_OPENAI_API_KEY": ("az",),
        "COMETAPI_KEY": ("comet",),
    }
    for _ in range(720):
        chosen = {n: chance.choice(v) for n, v in given.items() if chance.random() < 0.4}
        for profile, secrets in profiles_of_environment(chosen):
            changed = {
                name: value
                for name, value in vars(profile).items()
                if value != getattr(OPENAI, name)
            }
            kept = [[name, each.value, each.origin, each.scheme] for name, each in secrets.items()]
            yield _line(
                list(chosen.values()),
                changed,
                [repr(f) + f.key for f in profile.custom_fields],
                kept,
            )
    for text in ("A: 1\n\nB : 2 ", "{", '{"A": "b"}', "a=1\n&b=%20", "?x=1", "A:", "a", "", "=1"):
        yield _line(
            text, *(_outcome(partial(parse, text)) for parse in (parse_headers, parse_query))
        )


def schemas() -> Iterator[str]:
    """Yield which schemas are strict, and what is sent of them."""
    chance = random.Random("schemas")

    def schema(depth: int) -> Any:
        kind = chance.random()
        if depth == 0 or kind < 0.25:
            return chance.choice(
                ({"type": "string"}, {"enum": ["a", 1]}, {"const": 1}, {}, True, {"$ref": "#"})
            )
        if kind < 0.7:
            names = chance.sample("abc", chance.randint(0, 3))
            made: dict[str, Any] = {
                "type": chance.choice(("object", "object", "object", ["object", "null"])),
                "properties": {name: schema(depth - 1) for name in names},
                "required": names if chance.random() < 0.9 else names[1:],
                "additionalProperties": chance.random() < 0.1,
            }
            extra = chance.choice(("", "", "", "$defs", "oneOf", "anyOf", "allOf", "not", "enum"))
            if extra:
                made[extra] = {"d": schema(0)} if extra == "$defs" else [schema(depth - 1), 1]
            return made
        if kind < 0.85:
            return {"type": "array", "items": schema(depth - 1)}
        return {"anyOf": [schema(depth - 1), schema(0)]}

    for _ in range(1_920):
        made = schema(chance.choice((1, 2, 2, 3)))
        while not isinstance(made, dict):
            made = schema(2)
        sent = sendable_arguments(made)
        yield _line(made, is_strict(made), None if sent == made else sent)
    for levels in (4, 9, 10, 11):
        nested: dict[str, Any] = {"type": "string"}
        for _ in range(levels):
            nested = {"type": "object", "properties": {"a": nested}, "required": ["a"]}
            nested["additionalProperties"] = False
        yield _line(levels, is_strict(nested))


def tables() -> Iterator[str]:
    """Yield JSON as tables."""
    chance = random.Random("tables")
    cells = (1, "x", None, True, [1], {"a": "é"}, "")
    for _ in range(1_920):
        rows = [
            {chance.choice("abc"): chance.choice(cells) for _ in range(chance.randint(0, 3))}
            for _ in range(chance.randint(0, 3))
        ]
        made = chance.choice(
            (rows, {"rows": rows}, {"a": rows, "b": 1}, rows[:1], cells, [*rows, 1], {})
        )
        yield _line(made, table_of(made), rows_for_export(made))
    for columns in (1, 199, 200, 201):
        yield _line(columns, table_of([dict.fromkeys(map(str, range(columns)))]) is None)


def passages() -> Iterator[str]:
    """Yield the terms of texts, and where passages are found in others."""
    chance = random.Random("passages")
    words = (
        *"What does the Schwimmweste cost , in Zürich ﬁnance 北京市 です。どこ 123 a_b ｶﾅ".split(),
        *("hyphen-\nated", "\n", "| cell |", "**bold**", "door", "doors", "İstanbul", "x" * 9),
    )
    for _ in range(1_440):
        chosen = chance.choices(words, k=chance.randint(1, 6))
        text = " ".join(chosen)
        yield _line(text, index_terms(text), question_terms(text))
    lines = ["the first line of it", "short", "a line of twenty-four letters", "the end of it all"]
    for _ in range(2_160):
        made = chance.choices(lines, k=chance.randint(1, 5))
        other = [*made[1:], *made[:1]] if chance.random() < 0.6 else chance.sample(made, len(made))
        passage = "\n".join(made[: chance.randint(1, 4)])
        letters = letters_of("… ".join(other * chance.choice((1, 2))))
        before = chance.randint(0, 90)
        yield _line(letters, passage, before, find_passage(letters, passage, before))


def replies() -> Iterator[str]:
    """Yield what random events of a stream add up to."""
    chance = random.Random("replies")

    def event() -> Any:
        text = chance.choice(("", "a", "bc ", "word " * 9))
        call = ToolCallPart(chance.choice(("1", "2", "")), "clock", "{}", state=ToolCallState.DONE)
        picture = ImagePart("5" * 64, "gull.png", "image/png", 9, 3, 4)
        usage = Usage(chance.randint(0, 9), 1, chance.randint(0, 9), 2)
        return chance.choice(
            (
                *(events.TextDelta(text), events.TextDelta(text), events.RefusalDelta(text)),
                events.ReasoningDelta(text, chance.randint(0, 1)),
                events.ReasoningItem(chance.choice("rs"), text),
                events.ToolCallDelta(
                    chance.randint(0, 2), text, chance.choice(("", "1", "x" * 99)), "t"
                ),
                events.ToolCallStep(call),
                events.HostedCall(
                    replace(call, is_hosted=True), b"", chance.choice((None, picture))
                ),
                *(events.ImageArrived(b"x", picture), events.RoundEnded(), events.RoundEnded()),
                events.Started(chance.choice(("", "resp")), chance.choice(("", "m")), "", "flex"),
                *(events.UsageReported(usage, chance.choice(("", "flex"))), events.Notice("n")),
                *(events.UsageShared(UsageScope.ALL), events.RunAdvanced(RemoteRun("r", 3))),
            )
        )

    ends = (
        *(events.Completed(), events.Incomplete("content_filter"), events.Incomplete("length")),
        *(events.Failed(ContentFilteredError("No.")), events.Failed(StreamCutError("Cut."))),
    )
    for _ in range(1_800):
        reply = Reply()
        stream = [event() for _ in range(chance.randint(0, 9))]
        for each in (
            *stream,
            *chance.choice(((), (chance.choice(ends), events.TextDelta("late")))),
        ):
            reply = accumulate(reply, each)
        told = [reply.text, reply.round_usage, reply.may_be_billed, reply.is_empty, reply.status]
        rest = [
            reply.round,
            reply.round_start,
            reply.usage,
            reply.earlier_usage,
            reply.is_uncounted,
            reply.run,
        ]
        more = [
            reply.response_id,
            reply.model,
            reply.service_tier,
            reply.notices,
            reply.usage_scope,
        ]
        yield _line(told, rest, more, [_brief(part) for part in reply.parts], str(reply.error))


def facts() -> Iterator[str]:
    """Yield the facts of answers, calls and attachments in words."""
    chance = random.Random("facts")
    arguments = (
        '{"city": "Oslo", "days": 3}',
        "[1]",
        "no JSON\nat all",
        "",
        '{"x": "' + "y" * 90 + '"}',
    )
    for _ in range(1_080):
        usage = Usage(
            chance.choice((0, 1, 900)), chance.choice((0, 1, 450)), 1, chance.choice((0, 5))
        )
        variant = chance.choice((None, Variant.PRO))
        choice = ModelChoice(
            "openai", chance.choice(("gpt-5.2", "")), variant, chance.choice((None, Effort.LOW))
        )
        answer = Message(
            "m",
            "c",
            None,
            chance.choice(list(Role)),
            chance.choice(list(MessageStatus)),
            (),
            _AT,
            chance.choice((None, choice, choice)),
            chance.choice((None, usage)),
            cost=chance.choice((None, Decimal("0.0123"))),
            duration_s=chance.choice((None, 0.01, 75.5)),
            answered_by=chance.choice(("", "gpt-5.2", "gpt-5.2-2025-12-11", "other")),
        )
        call = ToolCallPart(
            "1",
            chance.choice(("clock", "mail__send", "a b")),
            chance.choice(arguments),
            state=chance.choice(list(ToolCallState)),
            edited=chance.choice(("", "{}")),
            result=chance.choice(("", "half  done")),
            seconds=chance.choice((None, 0.01, 9.3)),
        )
        heading = facts_of.heading_of(answer, str.upper).partition(" · ")[0]
        yield _line(
            heading,
            facts_of.export_ending(answer),
            facts_of.answer_facts(answer, str.upper),
            facts_of.token_facts(answer),
            facts_of.call_line(call, is_streaming=chance.random() < 0.5),
            facts_of.call_caption(call),
            [call.sent_name, call.sent_arguments],
            facts_of.argument_lines(call.arguments)[:3],
        )
        pages = tuple(PageImage(n + 1, 800, 900) for n in range(chance.choice((0, 1, 12, 13))))
        unit = chance.choice(("page", "slide", "sheet", "chapter"))
        chosen = chance.choice(
            (None, ChosenPages(unit, chance.choice((((2, 2),), ((1, 3), (5, 5)))), 9))
        )
        document = DocumentPart(
            "5" * 64,
            "a.pdf",
            "application/pdf",
            9,
            pages=chance.choice((None, 1, 9)),
            tokens=chance.choice((None, 1, 2_000)),
            pictured=pages,
            detail=chance.choice(("auto", "low", "text")),
            chosen=chosen,
        )
        thought = chance.choice(("", "**Which failures** repeat", "# Plan\nx", "words"))
        seconds, thinking = chance.choice((None, 0.5, 1, 9.3)), chance.random() < 0.3
        yield _line(
            facts_of.attachment_line(document),
            facts_of.attachment_caption(document),
            facts_of.image_pages_fact(document),
            facts_of.reasoning_title(thought, seconds, is_thinking=thinking),
        )


def rates() -> Iterator[str]:
    """Yield learned token rates, percentiles, histograms and evaluations."""
    chance = random.Random("rates")
    for _ in range(1_440):
        known = TokenRates()
        seen = []
        for _ in range(chance.randint(1, 3)):
            mix = {
                kind: chance.choice((0, 40, 200, 900)) for kind in chance.sample(list(TextKind), 2)
            }
            known = known.with_count(mix, chance.choice((0, 60, 300, 900, 5_000, 90_000)))
            seen.append([known.covers(mix), known.usable_share(mix), known.tokens(mix)])
        yield _line({kind: round(rate, 6) for kind, rate in known.rates.items()}, seen)
    for _ in range(1_080):
        values = [chance.choice((0.0, 0.5, 3.0, 80.0, 1e12)) for _ in range(chance.randint(0, 6))]
        share = chance.choice((0, 5, 50, 95, 100))
        counted = Histogram()
        for value in values:
            counted.add(value)
        again = Histogram.from_bytes(counted.to_bytes())
        again += counted
        near = [
            each and round(each, 6) for each in (counted.percentile(share), again.percentile(share))
        ]
        passed = chance.randint(0, len(values))
        interval = [round(end, 6) for end in wilson_interval(passed, len(values))]
        yield _line(
            values, share, percentile(values, share), near, len(counted.to_bytes()), interval
        )
    for _ in range(720):
        results = [
            CaseResult(
                "a",
                "x",
                chance.choice(((), (), (FailedCheck(CheckKind.CONTAINS, "x"),))),
                Usage(2, 1, 3),
                chance.choice((None, Decimal("0.01"), Decimal("0.01"))),
                duration_s=chance.choice((None, 0.12345, 2.5)),
                first_token_s=chance.choice((None, 0.5)),
                status=chance.choice((MessageStatus.COMPLETE, MessageStatus.REFUSED)),
            )
            for _ in range(chance.randint(0, 3))
        ]
        variant, effort = chance.choice((None, "pro")), chance.choice((None, "low"))
        run = EvaluationRun("openai", variant, effort, "m", results)
        yield _line(run.name, {**run.to_json(), "results": len(results)})


def parameters() -> Iterator[str]:
    """Yield what is sent of parameters, and the notices of the rest."""
    chance = random.Random("parameters")
    asked_values: dict[str, tuple[Any, ...]] = {
        "temperature": (0.5,),
        "top_p": (0.5,),
        "max_output_tokens": (5, 16, 100_000, 1_000_000),
        "stop": (("a",),),
        "seed": (7,),
        "presence_penalty": (1.0,),
        "candidates": (2,),
        "service_tier": ("flex",),
    }
    for _ in range(2_700):
        given = {n: chance.choice(v) for n, v in asked_values.items() if chance.random() < 0.4}
        asked = GenerationParameters(**given)
        kind = chance.choice(list(ProviderKind))
        profile = replace(chance.choice((OPENAI, COMETAPI)), kind=kind)
        info = _CATALOG.info(
            chance.choice(("gpt-5.2", "gpt-5.2-pro", "gpt-5.2-chat-latest", "other"))
        )
        effort, api = chance.choice((None, Effort.NONE, Effort.HIGH)), chance.choice(list(Api))
        sent = sendable_parameters(asked, profile, info, effort, api)
        names = [name for name in given if chance.random() < 0.8]
        told = [
            *model_notices(asked, sent, names, profile, info, effort),
            *api_notices(asked, names, profile, info, effort, api),
        ]
        kept = {name: getattr(sent, name) for name in given}
        yield _line(
            given, [kind, info.id, effort, api], kept, [[n.code, dict(n.params)] for n in told]
        )


def listings() -> Iterator[str]:
    """Yield what is known of models by the catalog, a server's list and the user."""
    chance = random.Random("listings")
    today = date(2026, 6, 1)

    def maybe() -> bool | None:
        return chance.choice((None, True, False))

    for _ in range(1_620):
        name = chance.choice(("gpt-5.2", "gpt-5.2-chat-latest", "other", "gpt-4o"))
        details = ModelDetails(
            chance.choice((None, *ModelKind)),
            chance.choice((None, Decimal(1))),
            chance.choice((None, Decimal(2))),
            maybe(),
            maybe(),
            chance.choice((None, Decimal("0.1"))),
            chance.choice((None, 500)),
            maybe(),
            maybe(),
            maybe(),
        )
        end = chance.choice((None, today, today + timedelta(days=20), today - timedelta(days=9)))
        window = chance.choice((None, 5_000, 9_000_000))
        at = datetime(2026, 5, chance.choice((1, 25)), tzinfo=UTC)
        listed = ListedModel(chance.choice((name, name, "x")), end, window, details)
        listing = chance.choice((None, *[ModelListing("http://h", (listed,), at)] * 4))
        own = OwnModel(name, chance.choice((None, 70)), 60, Decimal(3), None, Decimal(4))
        kind = chance.choice((ProviderKind.OPENAI, ProviderKind.COMPATIBLE))
        profile = replace(OPENAI, kind=kind, own_models=chance.choice(((), (own,))))
        info, known = info_at(profile, name, _CATALOG, listing), _CATALOG.info(name)
        names = (field for field in vars(info) if getattr(info, field) != getattr(known, field))
        said = ModelAvailability(profile, info, listing, today)
        yield _line(
            [name, kind, listing and [listed.id, end, window, details.kind]],
            {field: getattr(info, field) for field in names},
            [
                str(each)
                for each in (said.notice, said.shutdown_mark, said.is_served, said.is_shut_down)
            ],
            listing and [listing.listed_model(name).can_chat, listing.has(name)],
        )
    models = ("gpt-5.2", "gpt-5.2-2025-12-11", "openai/GPT-5.2", "m:latest", "m.gguf", "m", "")
    for requested in models:
        yield _line(requested, [is_same_model(requested, named) for named in models])
    for tool in ("clock", "a b", "x" * 64, "x" * 65):
        made = ToolDefinition(tool, "about", source=chance.choice(("", "mail")), touches="files")
        yield _line(tool, made.wire_name, made.full_name, made.display_description)
    for _ in range(360):
        first, second = (Vector.from_values(chance.choices((-1.0, 0.2, 0.9), k=9)) for _ in "ab")
        cosine = round(first.cosine_to(second), 6)
        yield _line(first.numbers.hex(), first.hamming_distance(second.signs), cosine)


def templates() -> Iterator[str]:
    """Yield prompts that are parsed and filled, titles, and words of Markdown lines."""
    chance = random.Random("templates")
    pieces = (
        *("Say {{x}} ", "{{y=1|2 | 3}}", "{{y}}", "{{selection}}", "{{x=}}", "\\{{x}} ", "}} {{ "),
        *(
            "words\n",
            "`code` ",
            "don't ",
            "https://a.b/c ",
            "é-f ",
            "```py\n",
            "~~~~\n",
            "> ",
            "a@b.c ",
        ),
    )
    for _ in range(2_400):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 5)))
        values = {name: chance.choice(("", "v", "{{x}}")) for name in chance.sample("xy", 1)}
        found = [list(prompt.variables(text)), sorted(prompt.program_variables_in(text))]
        filled = [
            prompt.missing_names(text, values),
            prompt.fill(text, values),
            prompt.preview(text, 12),
        ]
        line = text.splitlines()[0]
        opened = chance.choice(("", "```", "~~~"))
        yield _line(
            text,
            found,
            filled,
            title_from(text, 14),
            words_of_line(line),
            fence_after(line, opened),
        )


def jobs() -> Iterator[str]:
    """Yield batch jobs in words."""
    chance = random.Random("jobs")
    for _ in range(1_680):
        costs = [chance.choice((None, Decimal(0), Decimal("0.5"), Decimal(2))) for _ in range(4)]
        number = chance.randint
        estimate = BatchEstimate(
            number(0, 2),
            number(0, 2),
            900,
            costs[0],
            costs[1],
            costs[2],
            number(0, 2),
            80,
            costs[3],
        )
        counts = BatchCounts(
            total=9,
            answered=number(0, 2),
            refused=number(0, 2),
            failed=number(0, 2),
            unanswered=number(0, 2),
            left_out=number(0, 2),
            cost=chance.choice((Decimal(0), Decimal("0.5"))),
        )
        uploads = tuple(
            BatchUpload("j", n, chance.choice(list(BatchStatus)), total=5, completed=n, failed=1)
            for n in range(number(0, 3))
        )
        job = BatchJob(
            "j",
            ModelChoice("openai", "gpt-5.2", None, None),
            "Job",
            "What?",
            _AT,
            chance.choice(list(BatchStatus)),
            "http://h",
            estimate=estimate,
            counts=counts,
            uploads=uploads,
            is_cancelled=chance.random() < 0.3,
        )
        status = combined_status(uploads) if uploads else None
        yield _line(
            job.status, estimate_text(job), job_progress_text(job), job_result_text(job), status
        )


def servers() -> Iterator[str]:
    """Yield tool servers, their secrets, and how they are started."""
    chance = random.Random("servers")
    words = (
        *("npx", "-y", "--token", "s3cret", "--key=abc", "${HOME}", "${A:-b}", "${UNSET}", "x"),
        *(
            "https://h/?api_key=1&b=2",
            "${keyring:1}",
            "sk-proj-Ab12Cd34Ef56Gh78Ij90",
            "--token=${A}",
        ),
    )
    urls = (
        "https://h.example/mcp?k=1#x",
        "http://h.example",
        "http://localhost:1",
        "ftp://h",
        "https://u:p@h",
    )
    for _ in range(2_400):
        has_command = chance.random() < 0.7
        command = tuple(chance.choices(words, k=chance.randint(1, 4))) if has_command else ()
        url = "" if has_command and chance.random() < 0.9 else chance.choice(urls)
        given: dict[str, Any] = {
            "name": chance.choice(("files", "files", "files", "a b", "", "x" * 40)),
            "command": command,
            "folder": chance.choice(("", "/w")),
            "url": url,
            "environment": chance.choice(
                (None, {"A": "${HOME}"}, {"B": "v"}, {"1": "v"}, {"C": "\0"})
            ),
            "headers": chance.choice(
                (None, {"Authorization": "Bearer x"}, {"X": "${A}"}, {"X:": "1"})
            ),
            "arguments": chance.choice(((), ("one",))),
        }
        yield _line(given, _outcome(partial(_started, given)))


def _proxy(url: str) -> list[str]:
    found = parse_proxy(url)
    return [found.url, found.user, found.password]


def _started(given: dict[str, Any]) -> list[object]:
    server, secrets = server_of(**given)
    variables = {"HOME": "/h", "A": "a", "http_proxy": "http://p", "ALL_PROXY": "http://u@p"}
    told = [server.has_secrets, server.can_sign_in, server.secret_origin, server.program]
    order = _outcome(partial(launch_message, server, secrets, variables, "/h"))
    return [repr(server), told, secrets.to_text() if server.has_secrets else "", order]


def _brief(part: Any) -> str:
    changed = {name: value for name, value in _fields(part) if value or name == "text"}
    return f"{type(part).__name__} {changed}"


def _fields(part: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(part, name)) for name in type(part).__dataclass_fields__]


def _outcome(made: Callable[[], Any]) -> Any:
    try:
        return made()
    except (UserFacingError, ValueError) as error:
        return str(error) if isinstance(error, UserFacingError) else type(error).__name__


def _line(*values: object) -> str:
    text = json.dumps(values, ensure_ascii=False, default=str, separators=(",", ":"))
    return _SET.sub(lambda names: str(sorted(names[1].split(", "))), text)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    each.__name__: each
    for each in (
        *(
            redactions,
            encodings,
            addresses,
            environments,
            schemas,
            tables,
            passages,
            replies,
            facts,
            rates,
        ),
        *(parameters, listings, templates, jobs, servers),
    )
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
