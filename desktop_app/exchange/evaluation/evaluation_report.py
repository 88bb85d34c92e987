"""Reports on evaluations as CSV and HTML, in which answers are escaped text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from typing import Final

from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.exchange.csv_cell import escape_cell

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1c1c1c; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #bbb; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td.n { text-align: right; }
pre { white-space: pre-wrap; margin: 0; font: inherit; }
.failed { color: #a01010; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #1c1c1c; } th, td { border-color: #555; }
  .failed { color: #ff9d9d; }
}
"""
_TIME_FIELDS: Final = ("p50_s", "p95_s", "p50_first_token_s")
_COLUMNS: Final = (
    *("provider", "variant", "effort", "model", "id", "status", "passed", "failed"),
    *("answer", "input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"),
    *("first_token_s", "duration_s"),
)


def csv_report(runs: Sequence[EvaluationRun]) -> str:
    """Return a row for each case of each run (RFC 4180); no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for run in runs:
        columns = (run.provider, run.variant or "", run.effort or "", run.model)
        for result in run.results:
            writer.writerow([escape_cell(cell) for cell in (*columns, *_cells_of_result(result))])
    return text.getvalue()


def _cells_of_result(result: CaseResult) -> tuple[str, ...]:
    usage = result.usage
    return (
        result.id,
        result.status.value,
        "yes" if result.has_passed else "no",
        "; ".join(result.failures),
        result.answer,
        str(usage.input_tokens),
        str(usage.output_tokens),
        str(usage.reasoning_tokens),
        "" if result.cost is None else f"{result.cost:f}",
        *("" if s is None else str(round(s, 3)) for s in (result.first_token_s, result.duration_s)),
    )


def html_report(evaluation: Evaluation) -> str:
    """Return a page: quality, cost and time of each run, and the failing cases side by side."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Evaluation</title>\n<style>{_STYLE}</style>\n<h1>Evaluation</h1>\n"
        f"{_render_summary(evaluation.runs)}{_render_failing_cases(evaluation)}</html>\n"
    )


def _render_summary(runs: Sequence[EvaluationRun]) -> str:
    heads = (
        *("Model", "Passed", "Declined", "Share", "95% interval", "Cost (USD)"),
        *("Judge (USD)", "Tokens", "p50 (s)", "p95 (s)", "First token p50 (s)"),
    )
    rows = []
    for run in runs:
        facts = run.to_json()
        low, high = run.interval
        tokens = run.usage.input_tokens + run.usage.output_tokens
        cells = (
            f"{run.passed_count}/{len(run.results)}",
            run.refused_count,
            f"{run.share:.0%}",
            f"{low:.0%}–{high:.0%}",
            facts["cost_usd"] or "unknown",
            facts["judge_cost_usd"] or "unknown",
            tokens,
            *("–" if facts[name] is None else facts[name] for name in _TIME_FIELDS),
        )
        numbers = "".join(f'<td class="n">{escape(str(cell))}</td>' for cell in cells)
        rows.append(f"<tr><th>{escape(run.name)}</th>{numbers}</tr>")
    head = "".join(f"<th>{name}</th>" for name in heads)
    return "\n".join(["<table>", f"<tr>{head}</tr>", *rows, "</table>\n"])


def _render_failing_cases(evaluation: Evaluation) -> str:
    case_ids = evaluation.failed_case_ids
    if not case_ids:
        return "<p>Every case passed.</p>\n"
    head = "".join(f"<th>{escape(run.name)}</th>" for run in evaluation.runs)
    results_of_runs = [{result.id: result for result in run.results} for run in evaluation.runs]
    rows = []
    for case_id in case_ids:
        answers = "".join(
            f"<td>{_render_answer(results.get(case_id))}</td>" for results in results_of_runs
        )
        case = (
            f"<th>{escape(case_id)}</th><td><pre>{escape(evaluation.input_of(case_id))}</pre></td>"
        )
        rows.append(f"<tr>{case}{answers}</tr>")
    heads = f"<tr><th>Case</th><th>Input</th>{head}</tr>"
    return "\n".join(["<h2>Failing cases</h2>", "<table>", heads, *rows, "</table>\n"])


def _render_answer(result: CaseResult | None) -> str:
    if result is None:
        return "–"
    failed = "".join(f'<p class="failed">✗ {escape(label)}</p>' for label in result.failures)
    return f"<pre>{escape(result.answer)}</pre>{failed or '<p>✓</p>'}"
