"""Runs pip-audit over requirements files, and reports failed lookups.

pip-audit exits with 0 and prints "No known vulnerabilities found" even if every lookup failed. This
script reports that case with its own message and exit code. Used by audit.sh.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SAFE: Final = 0
VULNERABLE: Final = 1
UNKNOWN: Final = 3


@dataclass
class Findings:
    """The audit results of all requirements files.

    Attributes:
        known: "name version: id" of each vulnerability.
        looked_up, not_looked_up: "name version", or "name" if the version is unknown.
        failures: reasons why a whole file could not be looked up.
    """

    known: list[str] = field(default_factory=list)
    looked_up: set[str] = field(default_factory=set)
    not_looked_up: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def add(self, report: Mapping[str, Any]) -> None:
        """Add the results of a pip-audit report."""
        for row in report["dependencies"]:
            if "skip_reason" in row:
                self.not_looked_up.add(row["name"])
                continue
            named = f"{row['name']} {row['version']}"
            self.looked_up.add(named)
            self.known += [f"{named}: {found['id']}" for found in row["vulns"]]

    @property
    def code(self) -> int:
        """Return the exit code. A known vulnerability takes precedence over a failed lookup."""
        if self.known:
            return VULNERABLE
        return UNKNOWN if self.not_looked_up or self.failures or not self.looked_up else SAFE

    def lines(self) -> list[str]:
        """Return the lines to print, the verdict last."""
        lines = [f"KNOWN VULNERABILITY {line}" for line in sorted(set(self.known))]
        lines += [f"Not looked up: {reason}" for reason in self.failures]
        if self.looked_up and self.not_looked_up:
            lines.append(f"Not looked up: {', '.join(sorted(self.not_looked_up))}")
        if self.known:
            lines.append(f"{len(set(self.known))} known vulnerabilities.")
        elif not self.looked_up:
            lines.append(
                "NOTHING COULD BE LOOKED UP: whether there are vulnerabilities is not known."
            )
        elif self.code == UNKNOWN:
            lines.append(
                f"No vulnerability is known of the {len(self.looked_up)} requirements that could "
                "be looked up. THE OTHERS COULD NOT BE LOOKED UP."
            )
        else:
            lines.append(f"No vulnerability is known of all {len(self.looked_up)} requirements.")
        return lines


def audit(program: str, files: Iterable[str]) -> Findings:
    """Run pip-audit over each file."""
    findings = Findings()
    for file in files:
        ran = subprocess.run(
            [
                program,
                "--disable-pip",
                "--require-hashes",
                "--format=json",
                "--progress-spinner=off",
            ]
            + ["--requirement", file],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            findings.add(json.loads(ran.stdout))
        except (ValueError, KeyError):
            reason = (ran.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
            findings.failures.append(f"{Path(file).name} ({reason})")
    return findings


def main(arguments: Sequence[str]) -> int:
    """Print the findings and return the exit code."""
    findings = audit(arguments[0], arguments[1:])
    print("\n".join(findings.lines()))
    return findings.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
