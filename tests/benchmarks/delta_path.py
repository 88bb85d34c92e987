"""The functions of the program that run for a question, and for one delta of its answer.

Those of the question run from Send until the request is sent, those of the delta from its bytes to
its pixels.

The whole program runs as in `whole_program`. The server sends so few deltas a second that each is
painted before the next one comes. A profiler of all threads notes which functions run from one on.
The figures are medians; half of the deltas are words in a paragraph or an item (the lower
quartile), the others marks, code and cells. With `--names 1`, the functions that run for the
question and for most deltas are printed with the number of their calls.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from tests.benchmarks.whole_program import COMMON, REPARTEE, Server, run_child

_PROFILED: Final = """
import threading
from collections import Counter
from statistics import median, quantiles
from desktop_app.providers.http.sse import SSEDecoder
from desktop_app.providers.http.transport import Transport
import desktop_app
FOLDER = os.path.dirname(desktop_app.__file__)
BYTES_COME = SSEDecoder.feed.__code__
SENT = Transport._receive.__code__
question = Counter()
runs = [question]
def note(frame, event, _):
    if event == "call":
        code = frame.f_code
        is_sent = code is SENT and runs[-1] is question and frame.f_locals["send"].args[0] == "POST"
        if code is BYTES_COME or is_sent:
            runs.append(Counter())
        if code.co_filename.startswith(FOLDER) and not code.co_name.startswith("<"):
            runs[-1][code] += 1
def begin(parent):
    threading.setprofile(note)
    sys.setprofile(note)
def end(_began, _ended):
    sys.setprofile(None)
    del runs[:2]
    middle = runs[len(runs) // 4 : -3]
    files = [{code.co_filename for code in run} for run in middle]
    found = {
        "question": len(question),
        "functions": median(map(len, middle)),
        "quartiles": quantiles(map(len, middle))[::2],
        "files": median(map(len, files)),
        "calls": median(run.total() for run in middle),
        "deltas": len(middle),
    }
    usual = Counter(code for run in middle for code in run)
    found["names"] = [
        f"question {code.co_filename[len(FOLDER) + 1:]}:{code.co_qualname} {count}"
        for code, count in question.items()
    ] + [
        f"{code.co_filename[len(FOLDER) + 1:]}:{code.co_qualname} "
        f"{median(run[code] for run in middle):g}"
        for code, count in usual.items()
        if 2 * count >= len(middle)
    ]
    print(json.dumps(found), flush=True)
    os._exit(0)
"""


def main(rate: float = 8, deltas: int = 160, names: int = 0) -> dict[str, Any]:
    """Stream `deltas` deltas of mixed Markdown."""
    with Server(rate, deltas) as server:
        found = run_child(COMMON + _PROFILED + REPARTEE, server)
    usual = found.pop("names")
    if names:
        print(*sorted(usual), sep="\n", file=sys.stderr)
    return {"benchmark": "delta_path", **found}
