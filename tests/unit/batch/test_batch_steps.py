"""Single steps of batch jobs, with a real store and a provider that answers at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.batch.batch_store import BATCH_FULL
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import (
    AuthenticationError,
    EndpointMissingError,
    IllegalChoiceError,
    NetworkError,
    ProviderError,
    QuotaExhaustedError,
    StorageError,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.jobs.batch_client import parse_result
from desktop_app.providers.jobs.batch_jobs import (
    REFUSED_RETRY_S,
    RETRY_S,
    BatchFile,
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    ItemStatus,
    LineError,
    RemoteBatch,
    is_final_refusal,
    poll_delay_s,
)
from tests.helpers.fragment import Fragment
from tests.unit.batch.batch_setup import BatchSetup
from tests.unit.batch.scripted_batches import ScriptedBatches

ANSWERED = ItemStatus.ANSWERED
COMPLETED = RemoteBatch("b", BatchStatus.COMPLETED, "in", "out")
PARAMS = {"provider": "OpenAI", "host": "api.openai.com", "http": "HTTP 500"}


class StepSetup(BatchSetup):
    """Batch services whose provider answers at once."""

    def __init__(self, folder: Path, **profile: Any) -> None:
        super().__init__(folder, "https://api.example/v1", **profile)
        self.client: Any = ScriptedBatches()
        self.provider: ScriptedBatches = self.client
        self.service = self.make_service()

    async def sent(self, *texts: str, **limits: int) -> BatchJob:
        """Return a job "j" after the step that sends it."""
        service = self.make_service(**limits) if limits else self.service
        await service.create(self.files(*texts), self.resolved(), "?", job_id="j")
        await service.prepare("j")
        await service.start("j")
        self.provider.states = self.provider.states or [RemoteBatch("b", BatchStatus.IN_PROGRESS)]
        await service.advance("j")
        return await self.job("j")

    async def statuses(self) -> list[str]:
        """Return the states of the files."""
        return [item.status.value for item in await self.items("j")]


@asynccontextmanager
async def open_steps(folder: Path, **profile: Any) -> AsyncIterator[StepSetup]:
    made = StepSetup(folder, **profile)
    await made.database.open()
    try:
        yield made
    finally:
        await made.database.close()


@pytest.mark.parametrize(
    ("limits", "upload", "statuses"),
    [
        ({"max_bytes": 12}, "j-1\nj-2\nj-3\n", ["sent"] * 3),
        ({"max_bytes": 11}, "j-1\nj-2\n", ["sent", "sent", "unanswered"]),
        ({"max_requests": 3}, "j-1\nj-2\nj-3\n", ["sent"] * 3),
        ({"max_requests": 2}, "j-1\nj-2\n", ["sent", "sent", "unanswered"]),
        ({"max_bytes": 3}, None, ["left_out"] * 3),
    ],
)
async def test_a_batch_holds_as_much_as_it_may(
    tmp_path: Path, limits: dict[str, int], upload: str | None, statuses: list[str]
) -> None:
    async with open_steps(tmp_path) as made:
        job = await made.sent("a", "b", "c", **limits)
        uploads = [call[1:] for call in made.provider.calls if call[0] == "upload"]
        assert uploads == ([] if upload is None else [("repartee-j", upload, len(upload))])
        assert await made.statuses() == statuses
        told = {"unanswered": BATCH_FULL, "left_out": "Too large for a batch."}
        for item in await made.items("j"):
            assert (item.error and item.error.message) == told.get(item.status.value)
        assert job.status is (BatchStatus.IN_PROGRESS if upload else BatchStatus.FAILED)


async def test_the_rest_of_a_full_batch_is_sent_by_a_retry(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.states = [COMPLETED]
        made.provider.files = {"out": [result(1), result(2)]}
        job = await made.sent("a", "b", "c", max_requests=2)
        assert (job.status, job.counts.answered, job.counts.unanswered) == (
            BatchStatus.COMPLETED,
            2,
            1,
        )
        again = await made.service.create_retry("j")
        assert [item.name for item in await made.items(again.id)] == ["file-3.txt"]


@pytest.mark.parametrize(
    ("created", "stored"),
    [(BatchStatus.IN_PROGRESS, BatchStatus.IN_PROGRESS), (None, BatchStatus.VALIDATING)],
)
async def test_a_job_is_uploaded_created_and_fetched(
    tmp_path: Path, created: BatchStatus | None, stored: BatchStatus
) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.created = created
        made.provider.states = [RemoteBatch("b", None, done=6)]
        job = await made.sent("a", "b")
        assert made.provider.calls == [
            ("upload", "repartee-j", "j-1\nj-2\n", 8),
            ("create", "repartee-j", "in-j", Api.RESPONSES),
            ("fetch", "batch of in-j"),
        ]
        assert (job.input_file_id, job.batch_id, job.remote_done) == ("in-j", "batch of in-j", 6)
        assert job.status is stored
        (request, _) = made.provider.requests
        assert (request.model, request.effort, request.schema) == ("gpt-5.2", Effort.MEDIUM, None)


@pytest.mark.parametrize(
    ("found", "calls", "batch_id"),
    [
        (None, ["find", "create", "fetch"], "batch of in-j"),
        (RemoteBatch("theirs", None), ["find", "fetch"], "theirs"),
    ],
)
async def test_a_batch_that_may_have_been_created_is_searched_for(
    tmp_path: Path, found: RemoteBatch | None, calls: list[str], batch_id: str
) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.errors["create"] = NetworkError(
            "Couldn’t connect to {provider} at {host}.", params=PARAMS
        )
        job = await made.sent("a")
        assert (job.status, job.input_file_id) == (BatchStatus.UPLOADING, "in-j")
        made.provider.names()
        made.provider.found = found
        made.provider.states = [RemoteBatch("b", BatchStatus.FINALIZING)]
        await made.service.advance("j")
        assert made.provider.names() == calls
        assert (await made.job("j")).batch_id == batch_id


async def test_nothing_is_sent_again_while_the_list_of_batches_cannot_be_read(
    tmp_path: Path,
) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.errors["create"] = NetworkError(
            "Couldn’t connect to {provider} at {host}.", params=PARAMS
        )
        await made.sent("a")
        made.provider.names()
        made.provider.errors["find"] = ProviderError(
            "{provider} is having problems ({http}).", params=PARAMS, status=403
        )
        assert await made.service.advance("j") == REFUSED_RETRY_S
        assert made.provider.names() == ["find"]
        assert (await made.job("j")).status is BatchStatus.UPLOADING


async def test_a_refused_batch_is_uploaded_again_once_the_user_starts_it(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.errors["create"] = ProviderError(
            "{provider} is having problems ({http}).", params=PARAMS, status=400
        )
        job = await made.sent("a")
        assert made.provider.names() == ["upload", "create", "delete_file"]
        assert (job.status, job.input_file_id, job.held) == (BatchStatus.READY, "", None)
        assert await made.statuses() == ["read"]
        await made.service.start("j")
        await made.service.advance("j")
        assert made.provider.names() == ["upload", "create", "fetch"]
        assert await made.statuses() == ["sent"]


async def test_an_upload_that_may_have_arrived_is_repeated(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.errors["upload"] = NetworkError(
            "Couldn’t connect to {provider} at {host}.", params=PARAMS
        )
        job = await made.sent("a")
        assert (job.status, job.input_file_id) == (BatchStatus.UPLOADING, "")
        made.provider.names()
        await made.service.advance("j")
        assert made.provider.names() == ["upload", "create", "fetch"]


async def test_a_file_that_can_no_longer_be_sent_is_left_out(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        await made.service.create(made.files("a", "b"), made.resolved(), "?", job_id="j")
        await made.service.prepare("j")
        await made.service.start("j")
        part = (await made.items("j"))[0].part
        assert isinstance(part, DocumentPart)
        gone = "DELETE FROM attachments WHERE sha256 = ?"
        await made.database.write(lambda c: c.execute(gone, (part.sha256,)))
        made.provider.states = [RemoteBatch("b", BatchStatus.IN_PROGRESS)]
        await made.service.advance("j")
        assert made.provider.calls[0] == ("upload", "repartee-j", "j-2\n", 4)
        first, second = await made.items("j")
        assert first.status is ItemStatus.LEFT_OUT
        assert first.error is not None
        assert second.status is ItemStatus.SENT


async def test_a_failing_store_leaves_no_file_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_sha256: str) -> str:
        raise StorageError(
            "Another program is using your library {place}.",
            hint="Close that program, then try again.",
            place="library",
        )

    async with open_steps(tmp_path) as made:
        await made.service.create(made.files("a", "b"), made.resolved(), "?", job_id="j")
        await made.service.prepare("j")
        await made.service.start("j")
        with monkeypatch.context() as busy:
            busy.setattr(made.attachments, "text", fail)
            made.provider.states = [RemoteBatch("b", BatchStatus.IN_PROGRESS)]
            with pytest.raises(StorageError):
                await made.service.advance("j")
        assert await made.statuses() == ["read", "read"]
        await made.service.advance("j")
        assert made.provider.calls[0] == ("upload", "repartee-j", "j-1\nj-2\n", 8)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *(
            (
                ProviderError(
                    "{provider} is having problems ({http}).", params=PARAMS, status=status
                ),
                expected,
            )
            for status, expected in [
                *((None, False), (399, False), (400, True), (407, True), (408, False)),
                *((409, False), (410, True), (428, True), (429, False), (430, True)),
                *((499, True), (500, False)),
            ]
        ),
        (
            AuthenticationError(
                "The API key contains invalid characters.",
                hint="Enter it again in {provider_page}.",
            ),
            True,
        ),
        (EndpointMissingError("{provider} sent a web page, not a response.", PARAMS), True),
        (
            QuotaExhaustedError(
                "{provider} is having problems ({http}).", params=PARAMS, status=429
            ),
            True,
        ),
        (NetworkError("Couldn’t connect to {provider} at {host}.", params=PARAMS), False),
    ],
)
def test_client_errors_are_final_refusals(error: ProviderError, expected: bool) -> None:
    assert is_final_refusal(error) is expected


# ---------------------------------------------------------------- results


def result(number: int, answer: str = "Fine.", **more: Any) -> BatchResult:
    return BatchResult(f"j-{number}", more.pop("status", ANSWERED), answer, **more)


@pytest.mark.parametrize(
    ("status", "errors", "reasons"),
    [
        (
            BatchStatus.FAILED,
            ((0, "Too much."), (2, "Wrong."), (0, ""), (0, "never told")),
            [
                ("The provider rejected the batch", "Too much"),
                ("The provider rejected it", "Wrong."),
            ],
        ),
        (BatchStatus.FAILED, ((3, "Of no line."),), [("couldn’t run the batch. Not", None)] * 2),
        (BatchStatus.CANCELLED, (), [("job was canceled first. Not", None)] * 2),
        (BatchStatus.COMPLETED, (), [("The provider sent no result", None)] * 2),
    ],
)
async def test_each_file_without_a_result_is_told_why(
    tmp_path: Path,
    status: BatchStatus,
    errors: tuple[tuple[int, str], ...],
    reasons: list[tuple[str, str | None]],
) -> None:
    async with open_steps(tmp_path) as made:
        line_errors = tuple(LineError(line, message) for line, message in errors)
        made.provider.states = [RemoteBatch("b", status, errors=line_errors)]
        job = await made.sent("a", "b")
        told = [item.error for item in await made.items("j")]
        assert [(note.message, note.params.get("words")) for note in told if note] == [
            (Fragment(reason), words) for reason, words in reasons
        ]
        kind = "failed" if status is BatchStatus.FAILED else "unanswered"
        assert (job.status, await made.statuses()) == (status, [kind, kind])


async def test_an_answer_that_does_not_match_its_schema_says_where(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    source = {"kind": "schema", "text": json.dumps(schema), "name": "form"}
    form = GenerationParameters(form=json.dumps(source))
    own = ErrorNote("It is incomplete.")
    async with open_steps(tmp_path) as made:
        made.provider.states = [COMPLETED]
        made.provider.files = {
            "out": [
                result(1, '{"a": 1}'),
                result(2, '{"a": "x"}'),
                result(3, "{", error=own),
                result(4, "No.", status=ItemStatus.REFUSED),
            ]
        }
        await made.service.create(
            made.files(*"abcd"), made.resolved(), "?", AskSettings(parameters=form), job_id="j"
        )
        await made.service.prepare("j")
        await made.service.start("j")
        await made.service.advance("j")
        first, second, third, fourth = [item.error for item in await made.items("j")]
        assert (first, third, fourth) == (None, own, None)
        assert "The response doesn’t match the" in second.message
        assert second.params["path"] == "$.a"


# ---------------------------------------------------------------- cancellation


@pytest.mark.parametrize(
    ("states", "calls", "status"),
    [
        (
            [RemoteBatch("b", BatchStatus.IN_PROGRESS), RemoteBatch("b", None)],
            ["fetch", "cancel"],
            BatchStatus.CANCELLING,
        ),
        ([RemoteBatch("b", BatchStatus.CANCELLING)], ["fetch"], BatchStatus.CANCELLING),
        ([RemoteBatch("b", BatchStatus.CANCELLED)], ["fetch"], BatchStatus.CANCELLED),
        # The cancellation came too late.
        ([COMPLETED], ["fetch", "results", "delete_file"], BatchStatus.COMPLETED),
        ([RemoteBatch("b", BatchStatus.EXPIRED)], ["fetch"], BatchStatus.CANCELLED),
    ],
)
async def test_a_batch_is_canceled_once_unless_it_has_ended(
    tmp_path: Path, states: Sequence[RemoteBatch], calls: list[str], status: BatchStatus
) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.files = {"out": [result(1)]}
        await made.sent("a")
        await made.service.cancel("j")
        made.provider.names()
        made.provider.states = list(states)
        await made.service.advance("j")
        assert made.provider.names() == calls
        assert (await made.job("j")).status is status


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "wait_s", "status"),
    [
        (
            ProviderError("{provider} is having problems ({http}).", params=PARAMS, status=400),
            None,
            BatchStatus.READY,
        ),
        (
            ProviderError("{provider} is having problems ({http}).", params=PARAMS, status=500),
            RETRY_S,
            BatchStatus.UPLOADING,
        ),
    ],
)
async def test_an_error_before_the_batch_exists_is_retried_or_resets_the_job(
    tmp_path: Path, error: ProviderError, wait_s: float | None, status: BatchStatus
) -> None:
    async with open_steps(tmp_path) as made:
        await made.service.create(made.files("a"), made.resolved(), "?", job_id="j")
        await made.service.prepare("j")
        await made.service.start("j")
        made.provider.errors["upload"] = error
        assert await made.service.advance("j") == wait_s
        job = await made.job("j")
        assert job.status is status
        assert ("Repartee is trying again" in job.error.hint) is (status is BatchStatus.UPLOADING)
        assert (job.held is None) is (status is BatchStatus.READY)


@pytest.mark.parametrize(
    ("error", "is_cancelled", "wait_s", "status"),
    [
        (
            ProviderError("{provider} is having problems ({http}).", params=PARAMS, status=404),
            True,
            None,
            BatchStatus.CANCELLED,
        ),
        (
            ProviderError("{provider} is having problems ({http}).", params=PARAMS, status=403),
            True,
            REFUSED_RETRY_S,
            None,
        ),
        (
            ProviderError("{provider} is having problems ({http}).", params=PARAMS, status=500),
            False,
            RETRY_S,
            None,
        ),
    ],
)
async def test_an_error_fetching_a_batch_is_retried_or_ends_the_job(
    tmp_path: Path,
    error: ProviderError,
    is_cancelled: bool,
    wait_s: float | None,
    status: BatchStatus | None,
) -> None:
    async with open_steps(tmp_path) as made:
        before = await made.sent("a")
        if is_cancelled:
            await made.service.cancel("j")
        made.provider.errors["fetch"] = error
        assert await made.service.advance("j") == wait_s
        job = await made.job("j")
        assert job.status is (status or before.status)
        (item,) = await made.items("j")
        if status is None:
            assert "Repartee is trying again" in job.error.hint
            assert item.status is ItemStatus.SENT
        else:
            assert item.status is ItemStatus.UNANSWERED
            assert "provider no longer has this batch" in item.error.message


# ---------------------------------------------------------------- jobs


@pytest.mark.parametrize(
    ("files", "task", "template_id", "reason"),
    [
        ([], "?", "", "There are no files"),
        ([BatchFile("a", "/a")], " \n", "", "Enter a message for the files"),
        ([BatchFile("a", "/a")], "?", "differences", "compares two documents"),
    ],
)
async def test_a_job_needs_files_and_a_question_about_each(
    tmp_path: Path, files: list[BatchFile], task: str, template_id: str, reason: str
) -> None:
    async with open_steps(tmp_path) as made:
        with pytest.raises(IllegalChoiceError) as caught:
            await made.service.create(files, made.resolved(), task, template_id=template_id)
        assert reason in caught.value.message


async def test_an_estimate_counts_the_readable_files_with_all_added_text(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        seen: list[tuple[int, int]] = []
        files = made.files("one two", "", "three")
        await made.service.create(
            files,
            made.resolved(),
            "What is it?",
            AskSettings("Be short.", examples=(("Q", "A"),)),
            job_id="j",
        )
        job = await made.service.prepare("j", lambda *progress: seen.append(progress))
        assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
        # Words, two frames, the tags of a document, and its own words.
        tokens = [item.tokens for item in await made.items("j")]
        around = tokens[0] - 2 - 7
        assert tokens == [around + 2 + 7, 0, around + 1 + 7]
        assert around == 60 + 2 * 4
        estimate = job.estimate
        assert (estimate.files, estimate.left_out, estimate.input_tokens) == (2, 1, sum(tokens))
        assert estimate.cost == Decimal(sum(tokens)) * Decimal("0.875") / 10**6 + Decimal("0.014")
        assert (estimate.image_pages, estimate.image_tokens) == (0, 0)
        assert await made.service.prepare("j") == job  # no second time
        await made.service.start("j")
        assert (await made.service.start("j")).started_at == (await made.job("j")).started_at


async def test_jobs_that_were_never_sent_or_have_ended_are_removed(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        never_sent = await made.service.create([BatchFile("a", "")], made.resolved(), "?")
        ended = await made.service.create([BatchFile("a", "")], made.resolved(), "?")
        await made.service.cancel(ended.id)
        for job in (never_sent, ended):
            await made.service.remove(job.id)
            assert await made.store.get(job.id) is None


async def test_only_ended_jobs_with_unanswered_files_are_retried(tmp_path: Path) -> None:
    async with open_steps(tmp_path) as made:
        refused = ItemStatus.REFUSED
        made.provider.files = {"out": [result(1), result(2, "No.", status=refused)]}
        unsent = await made.service.create([BatchFile("a", "")], made.resolved(), "?")
        with pytest.raises(IllegalChoiceError, match="hasn’t been sent yet") as caught:
            await made.service.create_retry(unsent.id)
        assert caught.value.what_to_do == "“repartee batch resume” sends it."
        job = await made.sent("a", "b")
        with pytest.raises(IllegalChoiceError) as caught:
            await made.service.create_retry("j")
        assert "The job is still running" in caught.value.message
        with pytest.raises(IllegalChoiceError) as caught:
            await made.service.remove("j")
        assert "Cancel it first" in caught.value.hint
        made.provider.states = [COMPLETED]
        await made.service.advance("j")
        again = await made.service.create_retry("j")
        same = replace(
            job,
            **{
                name: getattr(again, name)
                for name in ("id", "created_at", "status", "estimate", "counts")
            },
            input_file_id="",
            batch_id="",
            started_at=None,
            held=None,
        )
        assert again == same
        (row,) = await made.items(again.id)
        (_, old) = await made.items("j")
        assert row == BatchItem(
            again.id, 1, old.name, old.path, ItemStatus.READ, old.part, old.tokens
        )
        await made.service.remove("j")
        assert await made.store.get("j") is None
        assert made.changes[-1] == "j"


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ([("other", ProviderKind.OPENAI, ""), ("openai", ProviderKind.OPENAI, "")], "openai"),
        ([("other", ProviderKind.OPENAI, ""), ("third", ProviderKind.OPENAI, "")], "other"),
        ([("openai", ProviderKind.OPENAI, "https://elsewhere.example/v1")], None),
    ],
)
async def test_a_job_continues_only_with_a_provider_at_its_address(
    tmp_path: Path, others: list[tuple[str, ProviderKind, str]], chosen: str | None
) -> None:
    async with open_steps(tmp_path) as made:
        await made.sent("a")
        asked: list[str] = []
        made.others = [
            ProviderProfile(name, name, kind, address or made.profile.base_url)
            for name, kind, address in others
        ]

        class Gateway:
            async def batches(self, profile: ProviderProfile) -> ScriptedBatches:
                asked.append(profile.id)
                return made.provider

        made.gateway = Gateway()
        waits = await made.make_service().advance("j")
        assert asked == ([] if chosen is None else [chosen])
        assert (waits is None) is (chosen is None)
        error = (await made.job("j")).error
        assert (error is None) if chosen else "the job continues there" in error.message


@pytest.mark.parametrize(("age_s", "again_s"), [(-90, 5), (61, 15), (601, 60), (7201, 300)])
def test_an_older_job_is_polled_less_often(age_s: int, again_s: float) -> None:
    job = BatchJob(new_id(), ModelChoice("openai", "gpt-5.2"), "t", "?", now() - timedelta(days=9))
    assert poll_delay_s(job.created_at) == 300
    assert poll_delay_s(now() - timedelta(seconds=age_s)) == again_s


FILTERED = {"error": {"code": "content_filter", "message": "Filtered."}}


def chat_body(message: dict[str, Any], reason: str) -> dict[str, Any]:
    choices = [{"message": message, "finish_reason": reason}]
    return {"object": "chat.completion", "choices": choices}


def response_body(part: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {"type": "message", "role": "assistant", "content": [part]}
    return {"object": "response", "status": "completed", "output": [item], **more}


@pytest.mark.parametrize(
    ("status", "body", "answer", "reason"),
    [
        (
            200,
            chat_body({"content": "Half"}, "content_filter"),
            "Half",
            "a content filter stopped it",
        ),
        (200, chat_body({"content": None, "refusal": "No."}, "stop"), "No.", "model declined"),
        (200, response_body({"type": "refusal", "refusal": "No."}), "No.", "model declined"),
        (
            200,
            response_body(
                {"type": "output_text", "text": "Half"},
                status="incomplete",
                incomplete_details={"reason": "content_filter"},
            ),
            "Half",
            "a content filter stopped it",
        ),
        (
            200,
            response_body({"type": "output_text", "text": "Half"}, status="failed", **FILTERED),
            "Half",
            "content filter stopped the response",
        ),
        (400, FILTERED, "", "content filter stopped the response"),
    ],
)
def test_a_refusal_is_an_outcome_of_its_own(
    status: int, body: dict[str, Any], answer: str, reason: str
) -> None:
    row = {"custom_id": "job-1", "response": {"status_code": status, "body": body}}
    result = parse_result(json.dumps(row).encode(), "OpenAI", Api.RESPONSES)
    assert (result.status, result.answer) == (ItemStatus.REFUSED, answer)
    assert reason in result.error.message


@pytest.mark.parametrize("found", [None, RemoteBatch("theirs", None)])
async def test_canceling_includes_a_batch_that_a_crash_left_unrecorded(
    tmp_path: Path, found: RemoteBatch | None
) -> None:
    async with open_steps(tmp_path) as made:
        made.provider.errors["create"] = NetworkError(
            "Couldn’t connect to {provider} at {host}.", params=PARAMS
        )
        await made.sent("a")
        await made.store.mark_cancelled("j")
        made.provider.names()
        made.provider.found = found
        made.provider.states = [RemoteBatch("b", BatchStatus.CANCELLED)]
        await made.make_service().advance("j")  # another process
        there = ["find", "fetch"]
        assert made.provider.names() == (["find"] if found is None else there)
        job = await made.job("j")
        assert job.batch_id == ("theirs" if found else "")
        assert job.status is BatchStatus.CANCELLED
        (item,) = await made.items("j")
        assert item.status is ItemStatus.UNANSWERED
        assert item.error is not None
