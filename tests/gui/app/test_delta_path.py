"""The path of a text delta: each function that handles it, from the socket to the paint, in order.

The delta makes a paragraph longer; other items leave the path at `ItemUpdater.update`. A generator
stands after the functions that it gets the delta from.
The test profiles a real answer. The functions must run in this order, and each must be called by
another of the list, or by the event loop. Functions that only help one of them are left out.

With tools, `tool_loop._LoopProvider.stream` runs before `with_pictures`. The deltas of Chat
Completions come from `ChatCompletionsReader.read`. The event loop starts `SilenceWatch.events_of`,
`RunningAnswers._report_next`, `MainWindow.event` and, if a slice was just written,
`StreamScheduler._write_slice`. Qt paints all widgets of a window in the event UpdateRequest of the
window itself, hence `MainWindow.event`.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT

if TYPE_CHECKING:
    from types import FrameType

PATH: Final = """
providers/http/reply/http_reply: HttpReply._read_body
providers/http/reply/sse: SSEDecoder.feed
providers/http/reply/json_fields: run_in_thread_if_large
providers/apis/responses_stream: ResponsesReader.read ._read_event
providers/apis/response_items: ResponseItems.on_text
providers/apis/response_items: _Texts.add_delta .add ._make_delta
providers/http/reply/http_reply: HttpReply.events
providers/apis/answer_requests: AnswerRequests._streamed_reply ._one_reply .events
providers/http/silence: SilenceWatch._forward .events_of
providers/answer_attempts: AnswerAttempts._attempts .events
providers/apis/redacted_answer: RedactedAnswer.feed
providers/provider_client: ProviderClient._with_terminal_errors .stream
services/answers/inline_pictures: PictureParser.feed with_pictures
services/answers/answer_run: AnswerRun._stream ._add_shortened ._add_event
domain/answering/reply: accumulate
app/answers/running_answers: RunningAnswers._run _Progress.record
app/answers/running_answers: RunningAnswers._report_next ._report
app/answers/shown_answers: ShownAnswers._show_text
ui/transcript/viewport/message_stream: MessageStream.append_text
ui/transcript/viewport/stream_scheduler: StreamScheduler.add ._write_slice ._write_until
ui/transcript/viewport/stream_scheduler: StreamScheduler._write_next
ui/transcript/viewport/message_stream: MessageStream._write
ui/transcript/document/message_writer: MessageWriter.append_text
ui/transcript/message_state: MessageState.add_text
rendering/incremental/block_stream: BlockStream.feed ._process_piece ._advance
ui/transcript/document/message_writer: MessageWriter._apply_changes ._replace_in_body
ui/transcript/document/document_writer: DocumentWriter.replace ._edit
ui/transcript/document/item_updater: ItemUpdater.update ._update_text
ui/transcript/document/run_changes: replace_text
ui/transcript/viewport/partial_repaint: PartialRepaint._record_change ._repaint_changed ._repaint
ui/window/main_window: MainWindow.event
ui/transcript/view: TranscriptView.viewportEvent
ui/transcript/viewport/transcript_surface: TranscriptSurface.paintEvent
"""

PRODUCT: Final = Path(__file__).parents[3] / "desktop_app"
ANSWERS: Final = {"story": Prepared("Once upon a time there was a lighthouse.", stops_after=12)}


class Step(NamedTuple):
    """A function of the product, such as providers/http/reply/sse and SSEDecoder.feed."""

    module: str
    function: str


def steps_of(path: str) -> list[Step]:
    """Return the functions of PATH. A name that begins with a point belongs to the same class."""
    steps = []
    for line in path.strip().splitlines():
        module, _, names = line.partition(": ")
        owner = names.partition(".")[0]
        given = names.split()
        steps += [Step(module, owner + name if name.startswith(".") else name) for name in given]
    return steps


def step_of(frame: FrameType | None) -> Step | None:
    """Return the function of a frame, or the one that called a local function; None if foreign."""
    while frame is not None and "<locals>" in frame.f_code.co_qualname:
        frame = frame.f_back
    if frame is None or not Path(frame.f_code.co_filename).is_relative_to(PRODUCT):
        return None
    module = Path(frame.f_code.co_filename).relative_to(PRODUCT).with_suffix("").as_posix()
    return Step(module, frame.f_code.co_qualname)


class Recorder:
    """A profile function that records what is called, and which generators yield a value.

    Attributes:
        steps: the functions, each with its caller, or with the function that takes the value.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Step, Step | None]] = []

    def __call__(self, frame: FrameType, event: str, value: object) -> None:
        flags, other = frame.f_code.co_flags, frame.f_back
        is_generator = bool(flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
        if "<" in frame.f_code.co_qualname or event != ("return" if is_generator else "call"):
            return
        if is_generator and value is None:
            return
        # An asynchronous generator that waits returns a future; a value that it yields is wrapped.
        if flags & inspect.CO_ASYNC_GENERATOR and "wrapped" not in type(value).__name__:
            return
        step = step_of(frame)
        if step is not None:
            self.steps.append((step, step_of(other)))
            # A coroutine was called long ago: its turn is when it takes the value.
            if is_generator and other is not None and other.f_code.co_flags & inspect.CO_COROUTINE:
                taker = step_of(other)
                if taker is not None:
                    self.steps.append((taker, None))


async def test_a_delta_takes_this_path() -> None:
    recorder, path = Recorder(), steps_of(PATH)
    environment = {"OPENAI_API_KEY": "not-a-key", **FAMILY_ENVIRONMENT}
    async with PreparedServer(ANSWERS) as server:
        environment["OPENAI_BASE_URL"] = server.base_url
        async with AppHarness(has_real_providers=True, environment=environment) as app:
            app.session.show_mnemonics()  # otherwise a timer does that, perhaps while recording
            app.type("Tell me a story")
            await until(lambda: "tokens" in app.estimate)
            app.enter()
            await until(lambda: "Once" in app.window.transcript.toPlainText())
            sys.setprofile(recorder)
            try:
                server.release.set()
                await until(lambda: "lighthouse" in app.window.transcript.toPlainText())
                written = len(recorder.steps)
                await until(lambda: path[-1] in [step for step, _ in recorder.steps[written:]])
            finally:
                sys.setprofile(None)
            await app.settled()
    recorded, before, callers = iter(recorder.steps), "the socket", set[Step | None]()
    for step in path:
        found = next((each for each in recorded if each[0] == step), None)
        assert found is not None, f"{step} does not follow {before}"
        before = str(step)
        callers.add(found[1])
    assert callers - {None, *path} == set()
