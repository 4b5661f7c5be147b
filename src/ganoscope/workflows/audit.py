"""`ganoscope audit`: are synthetic images any good, and is anybody's image in them? One scorecard, with error rates."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ganoscope.audits import questions
from ganoscope.audits.asking import ask_all
from ganoscope.audits.card import card_scorecard, save_card
from ganoscope.audits.config import AuditConfig
from ganoscope.audits.kept_answers import claim_plan, save_images
from ganoscope.audits.opening.evidence_at_hand import describe_plan, open_evidence
from ganoscope.audits.over_training import FOLDER, advise, choose_checkpoints, collect, save_points
from ganoscope.audits.policy import judge, load_policy
from ganoscope.audits.scorecard import Entry, Point, Scorecard, describe_subject, make_scorecard, save_scorecard
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.locks import one_writer
from ganoscope.registry import list_modules
from ganoscope.reports.audit.page import save_page
from ganoscope.reports.audit.scorecard_text import save_summary, show_answer
from ganoscope.reports.terminal import say
from ganoscope.workflows.prepare import check

DEFAULTS = AuditConfig()
Tell = Callable[[Entry], None]


def audit(
    synthetic: Path, real: Path | None, out: Path, config: AuditConfig = DEFAULTS, tell: Tell = lambda entry: None
) -> Scorecard:
    """Writes the scorecard of synthetic images to a folder, and returns it; repeat the call to resume.

    Args:
        synthetic: Run, folder of `ganoscope generate`, store, or folder of images of any other program.
        real: Store that the generator has learned from; None takes the one that a run was trained on.
        out: Folder to create, or that of the same audit.
        config: What else to compare with, and how thoroughly.
        tell: Called with each answer as soon as it is there.

    Raises:
        UserError: Something is missing or damaged, the images can't be compared, or `out` holds something else.
    """
    policy = load_policy(config.policy, tuple(list_modules(questions))) if config.policy else None
    chosen = list_checkpoints(synthetic, config)
    with one_writer(out):
        scorecard = answer_all(synthetic, real, out, config, tell)
        points = follow_training(synthetic, real, out, config, chosen, scorecard)
        scorecard = replace(scorecard, points=tuple(points), advice=advise(points) if points else "")
        if policy:
            scorecard = replace(scorecard, judged=judge(policy, scorecard.entries))
        save_all(out, scorecard)
    return scorecard


def list_checkpoints(synthetic: Path, config: AuditConfig) -> list[int]:
    """Returns the further checkpoints to audit, by images seen.

    Raises:
        UserError: There is no such checkpoint, or the synthetic images are no run's.
    """
    if config.checkpoints and not (synthetic / "run.json").exists():
        raise UserError("--checkpoints needs a run: --synthetic is none. Leave --checkpoints out.")
    return choose_checkpoints(synthetic, config.checkpoints) if config.checkpoints else []


def answer_all(synthetic: Path, real: Path | None, out: Path, config: AuditConfig, tell: Tell) -> Scorecard:
    """Asks all questions, writes a row per image, and returns the scorecard.

    Args:
        synthetic: What is audited.
        real: Store that the generator has learned from.
        out: Folder of the audit.
        config: All options.
        tell: Called with each answer.
    """
    with open_evidence(synthetic, real, config, prepare_briefly) as (evidence, notes):
        claim_plan(out, describe_plan(evidence, config))
        entries = ask_all(out, evidence, tell)
        save_images(out, evidence.synthetic, entries)
        return make_scorecard(evidence, describe_subject(evidence, notes), entries)


def follow_training(
    synthetic: Path, real: Path | None, out: Path, config: AuditConfig, chosen: Sequence[int], scorecard: Scorecard
) -> list[Point]:
    """Audits checkpoints, all but the one that is audited already in folders of their own; returns the curve.

    Args:
        synthetic: The run.
        real: Store that it has learned from.
        out: Folder of the audit.
        config: All options.
        chosen: The checkpoints, by images seen.
        scorecard: The audit that is there already.
    """
    found = dict.fromkeys(chosen, scorecard)
    for images_seen in [one for one in chosen if one != scorecard.subject.images_seen]:
        say(f"checkpoint at {images_seen:,} images")
        place = out / FOLDER / str(images_seen)
        found[images_seen] = answer_all(synthetic, real, place, replace(config, checkpoint=images_seen), show_answer)
        save_all(place, found[images_seen])
    return collect(found) if found else []


def save_all(out: Path, scorecard: Scorecard) -> None:
    """Writes the scorecard as JSON, as text and as a page, and the curve over training where there is one."""
    if scorecard.points:
        save_points(out, scorecard.points)
    save_card(out, card_scorecard(scorecard))
    save_summary(out, scorecard)
    save_page(out, scorecard)
    save_scorecard(out, scorecard)


@contextmanager
def prepare_briefly(source: Path, config: PrepareConfig, key: Path) -> Iterator[Store]:
    """Yields a temporary store of a folder of images.

    Args:
        source: The folder.
        config: How to convert it.
        key: File for the key, with the files' names.
    """
    with check(source, config, key=key) as store:
        yield store
