"""The setup of an evaluation: its cases, and the variants and models that answer them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.evaluation.case_error import CaseError, CaseFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.domain.evaluation.evaluation_case import EvaluationCase
    from desktop_app.services.chat.ask_settings import AskSettings
    from desktop_app.services.models.choice_resolution import ResolvedChoice


@dataclass(frozen=True)
class Contestant:
    """A variant or model that answers all cases."""

    choice: ModelChoice
    resolved: ResolvedChoice

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the provider, model and effort ("" if none), which decide its answers."""
        effort = self.resolved.effort
        return self.resolved.profile.id, self.resolved.model.id, effort.value if effort else ""


@dataclass(frozen=True)
class EvaluationSetup:
    """The cases of an evaluation and the contestants that answer them.

    Attributes:
        settings: the settings of all answers, unless a case has instructions or examples.
        parts: the files of each case, by the id of the case.
    """

    settings: AskSettings
    cases: Sequence[EvaluationCase]
    contestants: Sequence[Contestant]
    parts: Mapping[str, Sequence[DocumentPart | ImagePart]]

    def settings_for(self, case: EvaluationCase) -> AskSettings:
        """Return the settings of a case, which may have instructions and examples of its own."""
        settings = self.settings
        if case.instructions is not None:
            settings = replace(settings, instructions=case.instructions)
        return replace(settings, examples=case.examples) if case.examples else settings

    def draft_of(self, case: EvaluationCase) -> Draft:
        """Return the question of a case with its files."""
        return Draft(case.input, attachments=tuple(self.parts.get(case.id, ())))


def digest(value: Any) -> str:
    """Return a hash of JSON-ready values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def path_in_folder(folder: Path, name: str) -> Path:
    """Return the path, with links resolved, of a file that the cases name. Blocking.

    The cases may be somebody else's, so they can name only files in their own folder. Callers check
    this again before each reading: a link may have replaced the file since.

    Raises:
        CaseError: it is not in `folder`, or a link leads out of it.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise CaseError(CaseFault.FILE_OUTSIDE_FOLDER, name=name)
    return path
