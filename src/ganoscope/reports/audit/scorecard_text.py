"""The scorecard in plain text: what a data-protection officer reads first, and what the command prints."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from ganoscope.audits.answer import Outcome
from ganoscope.audits.kept_answers import IMAGES
from ganoscope.audits.policy import Judged
from ganoscope.audits.scorecard import Entry, Scorecard, Subject
from ganoscope.errors import write_count
from ganoscope.files import replacing
from ganoscope.reports.terminal import say

SUMMARY = "summary.txt"
WIDTH = 110
OUTCOMES: dict[Outcome, str] = {"fault": "FAULT", "clear": "clear", "untested": "not tested"}
"""Outcomes in words."""
ORDER: tuple[Outcome, ...] = ("fault", "clear", "untested")


def save_summary(out: Path, scorecard: Scorecard) -> None:
    """Writes `summary.txt`."""
    with replacing(out / SUMMARY) as partial:
        partial.write_text("\n".join(write_lines(scorecard)) + "\n", encoding="utf-8")


def write_lines(scorecard: Scorecard) -> Iterator[str]:
    """Yields the lines of a scorecard: counts, policy, one line and verdict per question, and what it is about."""
    subject = scorecard.subject
    yield f"Audit of synthetic images, {scorecard.date} UTC, ganoscope {scorecard.ganoscope}"
    yield from fill(describe_comparison(subject))
    yield ""
    yield count_outcomes(scorecard)
    if scorecard.judged:
        yield from fill(describe_policy(scorecard.judged))
    yield from fill(scorecard.advice)
    for outcome in ORDER:
        for entry in scorecard.entries:
            if entry.outcome == outcome:
                yield ""
                yield from fill(f"[{OUTCOMES[outcome]}] {entry.question}")
                yield from fill(entry.verdict, "  ")
                for warning in entry.warnings:
                    yield from fill(f"note: {warning}", "  ")
    yield ""
    for note in subject.notes:
        yield from fill(note)
    if subject.unreadable:
        yield write_count(len(subject.unreadable), "file could not be read", "files could not be read")
    yield from fill(f"Depth {scorecard.depth}, random seed {scorecard.seed}. {describe_weights(subject)}")
    yield "For research only: not a medical device, not legal advice. These results are about these images alone."


def fill(text: str, indent: str = "") -> list[str]:
    """Returns a text as lines of at most `WIDTH` letters.

    Args:
        text: The text.
        indent: What every line begins with.
    """
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def describe_comparison(subject: Subject) -> str:
    """Returns what was compared with what, in a sentence or two."""
    members = f"{write_count(subject.members, 'real image')} of {write_count(subject.member_groups, 'patient')}"
    compared = f"Compared with {members} that their generator has learned from ({subject.store})"
    if subject.held_out:
        others = write_count(subject.held_out_groups, "other patient")
        compared += f", and with {write_count(subject.held_out, 'image')} of {others} that it has not seen"
    bank = f", and with a bank of {write_count(subject.bank_models, 'model')}" if subject.bank_models else ""
    return f"{subject.source}. {compared}{bank}."


def describe_weights(subject: Subject) -> str:
    """Returns what the audit holds for, in a sentence."""
    if subject.weights_sha256:
        return f"It holds for the generator with weights {subject.weights_sha256[:12]} alone."
    return f"It holds for the images with hash {subject.synthetic_sha256[:12]} alone."


def count_outcomes(scorecard: Scorecard) -> str:
    """Returns how many questions have which outcome, in a sentence."""
    counts = {one: sum(entry.outcome == one for entry in scorecard.entries) for one in ORDER}
    asked = write_count(len(scorecard.entries), "question")
    faults = ", ".join(entry.name.replace("_", " ") for entry in scorecard.entries if entry.outcome == "fault")
    told = f"{counts['fault']} with a fault ({faults})" if faults else "none with a fault"
    return f"{asked}: {told}, {counts['clear']} clear, {counts['untested']} not tested."


def describe_policy(judged: Judged) -> str:
    """Returns what the policy says, with the rules that are not kept."""
    broken = [f"{one.key} {one.rule}: {one.result}, {one.why}" for one in judged.rules if one.result != "pass"]
    kept = f"{sum(one.result == 'pass' for one in judged.rules)} of {write_count(len(judged.rules), 'rule')} kept"
    return f"Policy: {judged.result} ({kept}). {'; '.join(broken)}".rstrip()


def show_answer(entry: Entry) -> None:
    """Prints an answer as soon as it is there."""
    say(f"[{OUTCOMES[entry.outcome]}] {entry.name.replace('_', ' ')}: {entry.verdict}")


def show_scorecard(scorecard: Scorecard, out: Path) -> None:
    """Prints the counts, what the policy says, and where everything is."""
    say(count_outcomes(scorecard))
    if scorecard.advice:
        say(scorecard.advice)
    if scorecard.judged:
        say(describe_policy(scorecard.judged))
    say(f"scorecard: {out / SUMMARY}, {out / 'report.html'}, {out / 'audit.json'}; every image: {out / IMAGES}")
