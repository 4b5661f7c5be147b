"""Asks the questions of an audit one after another; what was answered before is kept."""

from collections.abc import Callable
from pathlib import Path

from ganoscope.audits.answer import Answer
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.kept_answers import find_kept, keep_answer
from ganoscope.audits.questions import list_questions
from ganoscope.audits.scorecard import Entry
from ganoscope.errors import UserError


def ask_all(out: Path, evidence: AuditEvidence, tell: Callable[[Entry], None]) -> list[Entry]:
    """Returns every question with its answer, in their order.

    Args:
        out: Folder of the audit.
        evidence: What they are asked of.
        tell: Called with each answer as soon as it is there.
    """
    entries = []
    for name, question in list_questions().items():
        entry = find_kept(out, name)
        if entry is None:
            entry = keep_answer(out, name, question.QUESTION, ask_one(question.ask, evidence))
        tell(entry)
        entries.append(entry)
    return entries


def ask_one(ask: Callable[[AuditEvidence], Answer], evidence: AuditEvidence) -> Answer:
    """Returns the answer to a question, or why there is none."""
    try:
        return ask(evidence)
    except UserError as error:
        return Answer("untested", f"Not tested: {error}")
