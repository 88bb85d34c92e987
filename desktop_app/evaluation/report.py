"""Reports of an evaluation from the cells of its table: as lines, as JSON and as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.conversations.conversation import (
    INCOMPLETE,
    REFUSED,
    REPEATED,
    MessageStatus,
)
from desktop_app.domain.cost import Usage, sum_costs
from desktop_app.domain.statistics import percentile, rounded, wilson_interval
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.tables.cell_request import DECLINED, is_complete
from desktop_app.tables.checks import JUDGE
from desktop_app.tables.table import Cell, Row

if TYPE_CHECKING:
    from desktop_app.providers.models.choice_resolution import ResolvedChoice

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
_HEADS: Final = (
    *("Model", "Passed", "Declined", "Share", "95% interval", "Cost (USD)", "Judge (USD)"),
    *("Tokens", "p50 (s)", "p95 (s)", "First token p50 (s)"),
)


class CaseResult(NamedTuple):
    """The answer to a case, as it is in its cell.

    Attributes:
        failures: why the case did not pass, in English.
        is_evaluated: False if the answer failed, or the judge could not be asked.
        cost, judge_cost: US dollars; None if unknown.
        unsent: why nothing was sent; "" if something was.
    """

    id: str
    cell: Cell
    status: MessageStatus
    failures: Sequence[str]
    is_evaluated: bool
    cost: Decimal | None
    judge_cost: Decimal | None = Decimal(0)
    unsent: str = ""

    @property
    def has_passed(self) -> bool:
        """Return True if the answer is complete and passes every check."""
        return not self.failures

    @property
    def duration_s(self) -> float:
        """Return the seconds until the end of the answer; 0 if nothing was sent."""
        return self.cell.seconds or 0.0


def result_of(row: Row, cell: Cell) -> CaseResult:
    """Return the result of a case from the cell that was asked."""
    error, cost = cell.error, cell.cost
    if is_complete(error):
        is_judged = any(check.kind == JUDGE for check in row.checks)
        is_open = is_judged and cell.has_passed is None
        failures = cell.failures or (("not checked",) if is_open else ())
        judge_cost = cell.judge_cost if is_judged else Decimal(0)
        return CaseResult(
            row.key, cell, MessageStatus.COMPLETE, failures, not is_open, cost, judge_cost
        )
    assert error is not None
    if error.code == REFUSED:
        failure = "refused" if error == DECLINED else f"refused: {error}"
        return CaseResult(row.key, cell, MessageStatus.REFUSED, [failure], True, cost)
    if error.code in (INCOMPLETE, REPEATED):
        return CaseResult(row.key, cell, MessageStatus.INCOMPLETE, [f"error: {error}"], True, cost)
    is_unsent = cell.seconds is None and cell.usage is None
    return CaseResult(
        row.key,
        cell,
        MessageStatus.FAILED,
        [f"error: {error}"],
        is_evaluated=False,
        cost=Decimal(0) if is_unsent else cost,
        unsent=f"{row.key}: {error.what_happened}" if is_unsent else "",
    )


@dataclass(frozen=True)
class ModelReport:
    """The results of one variant or model, in the order of the cases."""

    resolved: ResolvedChoice
    results: Sequence[CaseResult]

    @property
    def share(self) -> float:
        """Return the share of passed cases; 0 without cases."""
        passed = sum(result.has_passed for result in self.results)
        return passed / len(self.results) if self.results else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as `repartee eval --json` prints it."""
        results, resolved = self.results, self.resolved
        passed = sum(result.has_passed for result in results)
        low, high = wilson_interval(passed, len(results))
        seconds = [result.duration_s for result in results]
        first_tokens = [each for r in results if (each := r.cell.first_token_s) is not None]
        return {
            "provider": resolved.profile.id,
            "variant": resolved.variant.value if resolved.variant else None,
            "effort": resolved.effort.value if resolved.effort else None,
            "model": resolved.model.id,
            "passed": passed,
            "cases": len(results),
            "refused": sum(result.status is MessageStatus.REFUSED for result in results),
            "share": round(self.share, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "cost_usd": amount_of(sum_costs([result.cost for result in results])),
            "judge_cost_usd": amount_of(sum_costs([result.judge_cost for result in results])),
            "usage": asdict(sum((r.cell.usage for r in results if r.cell.usage), Usage())),
            "p50_s": rounded(percentile(seconds, 50)),
            "p95_s": rounded(percentile(seconds, 95)),
            "p50_first_token_s": rounded(percentile(first_tokens, 50)),
            "results": [
                {
                    "id": result.id,
                    "status": result.status.value,
                    "passed": result.has_passed,
                    "failed": [*result.failures],
                    "answer": result.cell.answer,
                    "cost_usd": amount_of(result.cost),
                    "duration_s": rounded(result.duration_s),
                }
                for result in results
            ],
        }


def amount_of(cost: Decimal | None) -> str | None:
    """Return a cost for JSON; None if it is unknown."""
    return None if cost is None else f"{cost:f}"


def table_lines(runs: Sequence[ModelReport]) -> Iterator[str]:
    """Yield a line for each run, and one for each case that it failed."""
    for run in runs:
        facts = run.to_json()
        amount, seconds = facts["cost_usd"], facts["p50_s"]
        cost = tr("unknown cost") if amount is None else formatting.money(Decimal(amount))
        time = "–" if seconds is None else tr("{seconds} s", seconds=formatting.decimal(seconds, 1))
        share, low, high = (
            formatting.percent(round(facts[name] * 100)) for name in ("share", "low", "high")
        )
        passed = f"{facts['passed']:>4}/{facts['cases']:<4}"
        yield f"{run.resolved.label:<24} {passed} {share:>5} ({low}–{high})  {cost:>10}  {time:>8}"
        if count := facts["refused"]:
            yield "    " + tr_plural("{count} declined", "{count} declined", count)
        for result in run.results:
            if not result.has_passed:
                yield f"    {result.id}: {'; '.join(result.failures)}"


def plan_lines(
    plans: Sequence[Mapping[str, Any]], total: Mapping[str, str | None]
) -> Iterator[str]:
    """Yield a line for the plan of each model, and the total."""
    for plan in plans:
        yield from plan["not_sent"]
        yield tr_plural(
            "{name}: {count} call, {tokens} input tokens, {costs}",
            "{name}: {count} calls, {tokens} input tokens, {costs}",
            plan["calls"] + plan["judge_calls"],
            name=plan["name"],
            tokens=formatting.number(plan["input_tokens"]),
            costs=_range(plan),
        )
    yield tr("Total: {cost}", cost=_range(total))


def _range(costs: Mapping[str, Any]) -> str:
    amounts = (costs["input_cost_usd"], costs["max_cost_usd"])
    texts = [
        tr("unknown cost") if amount is None else formatting.money(Decimal(amount))
        for amount in amounts
    ]
    return " – ".join(dict.fromkeys(texts))


def html_report(runs: Sequence[ModelReport], inputs: Mapping[str, str]) -> str:
    """Return a page: quality, cost and time of each run, and the failing cases side by side."""
    rows = []
    for run in runs:
        facts = run.to_json()
        cells = (
            f"{facts['passed']}/{facts['cases']}",
            facts["refused"],
            f"{facts['share']:.0%}",
            f"{facts['low']:.0%}–{facts['high']:.0%}",
            facts["cost_usd"] or "unknown",
            facts["judge_cost_usd"] or "unknown",
            facts["usage"]["input_tokens"] + facts["usage"]["output_tokens"],
            *(facts[name] or "–" for name in ("p50_s", "p95_s", "p50_first_token_s")),
        )
        numbers = "".join(f'<td class="n">{escape(str(cell))}</td>' for cell in cells)
        rows.append(f"<tr><th>{escape(run.resolved.label)}</th>{numbers}</tr>")
    heads = "".join(f"<th>{name}</th>" for name in _HEADS)
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>Evaluation</title>\n<style>{_STYLE}</style>\n<h1>Evaluation</h1>",
            f"<table>\n<tr>{heads}</tr>",
            *rows,
            "</table>",
            *_failing_cases(runs, inputs),
            "</html>\n",
        )
    )


def _failing_cases(runs: Sequence[ModelReport], inputs: Mapping[str, str]) -> Iterator[str]:
    results = [{result.id: result for result in run.results} for run in runs]
    failed = dict.fromkeys(r.id for run in runs for r in run.results if not r.has_passed)
    if not failed:
        yield "<p>Every case passed.</p>"
        return
    names = "".join(f"<th>{escape(run.resolved.label)}</th>" for run in runs)
    yield f"<h2>Failing cases</h2>\n<table>\n<tr><th>Case</th><th>Input</th>{names}</tr>"
    for case_id in failed:
        answers = "".join(_answer_cell(of_run.get(case_id)) for of_run in results)
        question = f"<td><pre>{escape(inputs[case_id])}</pre></td>"
        yield f"<tr><th>{escape(case_id)}</th>{question}{answers}</tr>"
    yield "</table>"


def _answer_cell(result: CaseResult | None) -> str:
    if result is None:
        return "<td>–</td>"
    failed = "".join(f'<p class="failed">✗ {escape(label)}</p>' for label in result.failures)
    return f"<td><pre>{escape(result.cell.answer)}</pre>{failed or '<p>✓</p>'}</td>"
