"""The scorecard of an audit: one answer per question, what it is about, and the verdict of a policy; `audit.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ganoscope.audits.answer import Answer, Outcome, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.policy import Judged
from ganoscope.files import save_json
from ganoscope.files.records import Number, load_record

FILE = "audit.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One question with its answer.

    Attributes:
        name: Short name of the question, such as `membership`.
        question: The question as a reader would put it.
        outcome: Whether a fault is shown.
        verdict: The answer in words.
        values: Numbers behind it.
        details: Further figures.
        warnings: What limits it.
        sheets: Pictures, by file name.
        columns: Columns of `images.csv`, each after the question's name and a dot.
    """

    name: str
    question: str
    outcome: Outcome
    verdict: str
    values: tuple[Value, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What an audit is about.

    Attributes:
        source: What made the synthetic images, in words.
        synthetic: Number of synthetic images.
        synthetic_sha256: Hash of them, or of what they come from.
        weights_sha256: Hash of the generator's weights; "" where they are not known.
        store: Name of the real store.
        store_fingerprint: Its fingerprint.
        members: Real images that the generator has learned from.
        member_groups: Their patients, or groups of near-duplicates.
        held_out: Real images of other patients; 0 where there are none.
        held_out_groups: Their patients or groups.
        bank_models: Models of the bank; 0 without one.
        images_seen: Images seen at the checkpoint of the run that is audited; None for a folder.
        notes: What was done to the images, and what is not known of them.
        unreadable: Files that could not be read, with the reasons.
    """

    source: str
    synthetic: int
    synthetic_sha256: str
    weights_sha256: str
    store: str
    store_fingerprint: str
    members: int
    member_groups: int
    held_out: int
    held_out_groups: int
    bank_models: int = 0
    images_seen: int | None = None
    notes: tuple[str, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """A checkpoint on the curve.

    Attributes:
        images_seen: Images seen at the checkpoint.
        weights_sha256: Hash of its weights.
        times_floor: Frechet distance, in multiples of that between real patients at equal numbers of images: geometric
            mean over the feature families; NaN where it was not measured.
        auc: AUC of telling members from the released images alone; NaN where it was not measured.
        copies: Copies found; NaN where they were not looked for.
        leaks: Questions that show a leak, separated by blanks.
        tested: Number of questions about leaks that were tested.
    """

    images_seen: int
    weights_sha256: str
    times_floor: Number
    auc: Number
    copies: Number
    leaks: str
    tested: int


@dataclass(frozen=True)
class Scorecard:
    """The result of an audit.

    Attributes:
        date: Date and time of the audit (UTC).
        ganoscope: Version that made it.
        subject: What it is about.
        depth: `quick` or `full`.
        seed: Random seed.
        entries: The questions with their answers.
        judged: The policy's verdict; None without a policy.
        points: The same at further checkpoints of the run, in ascending order.
        advice: Which checkpoint to take, in words.
    """

    date: str
    ganoscope: str
    subject: Subject
    depth: str
    seed: int
    entries: tuple[Entry, ...]
    judged: Judged | None = None
    points: tuple[Point, ...] = ()
    advice: str = ""


def describe_subject(evidence: AuditEvidence, notes: Sequence[str]) -> Subject:
    """Returns what an audit is about.

    Args:
        evidence: What the questions are asked of.
        notes: What a reader must know of it.
    """
    synthetic, members, held_out = evidence.synthetic, evidence.members, evidence.held_out
    return Subject(
        source=synthetic.source,
        synthetic=synthetic.count,
        synthetic_sha256=synthetic.sha256,
        weights_sha256=synthetic.weights_sha256,
        store=members.store.name,
        store_fingerprint=members.store.fingerprint,
        members=len(members.indices),
        member_groups=len(set(members.groups.tolist())),
        held_out=len(held_out.indices) if held_out else 0,
        held_out_groups=len(set(held_out.groups.tolist())) if held_out else 0,
        bank_models=len(evidence.bank.models) if evidence.bank else 0,
        images_seen=evidence.run.images_seen if evidence.run else None,
        notes=(*notes, *synthetic.notes),
        unreadable=dict(synthetic.unreadable),
    )


def make_entry(name: str, question: str, answer: Answer) -> Entry:
    """Returns a question with its answer, without its columns and the pixels of its pictures.

    Args:
        name: Short name of the question.
        question: The question in words.
        answer: Its answer.
    """
    return Entry(
        name=name,
        question=question,
        outcome=answer.outcome,
        verdict=answer.verdict,
        values=answer.values,
        details=dict(answer.details),
        warnings=answer.warnings,
        sheets=tuple(answer.sheets),
        columns=tuple(answer.columns),
    )


def make_scorecard(evidence: AuditEvidence, subject: Subject, entries: Sequence[Entry]) -> Scorecard:
    """Returns the scorecard of an audit, dated now.

    Args:
        evidence: What the questions were asked of.
        subject: What it is about.
        entries: The questions with their answers.
    """
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return Scorecard(now, version("ganoscope"), subject, evidence.depth, evidence.seed, tuple(entries))


def save_scorecard(out: Path, scorecard: Scorecard) -> None:
    """Writes `audit.json`."""
    content: Mapping[str, Any] = {"schema_version": SCHEMA_VERSION, **asdict(scorecard)}
    save_json(out / FILE, dict(content))


def load_scorecard(out: Path) -> Scorecard:
    """Returns the scorecard in a folder.

    Raises:
        UserError: It is missing, damaged or of another version.
    """
    return load_record(out / FILE, Scorecard, SCHEMA_VERSION)
