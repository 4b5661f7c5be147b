"""The questions of an audit. The folder is the registry: a file is a question.

A file provides `QUESTION`, the question as a reader would put it, `RANK`, its place on the scorecard (lowest first),
and `ask(evidence) -> Answer`, see `ganoscope.audits.answer`. What can't be answered raises UserError with the reason:
the scorecard then says "not tested" and why, and the other questions are asked all the same.
"""

from types import ModuleType

from ganoscope.audits import questions
from ganoscope.registry import load_all


def list_questions() -> dict[str, ModuleType]:
    """Returns all questions by name, in the order of their ranks."""
    found = load_all(questions, ("QUESTION", "RANK", "ask"))
    return dict(sorted(found.items(), key=lambda item: item[1].RANK))
