"""`ganoscope audit`: are synthetic images any good, and is anybody's image in them? One scorecard, with error rates."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ganoscope.audits import questions
from ganoscope.audits.asking import ask_all
from ganoscope.audits.config import AuditConfig
from ganoscope.audits.kept_answers import claim_plan, save_images
from ganoscope.audits.opening.evidence_at_hand import describe_plan, open_evidence
from ganoscope.audits.policy import judge, load_policy
from ganoscope.audits.scorecard import Entry, Scorecard, describe_subject, make_scorecard, save_scorecard
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.locks import one_writer
from ganoscope.registry import list_modules
from ganoscope.reports.audit.page import save_page
from ganoscope.reports.audit.scorecard_text import save_summary
from ganoscope.workflows.prepare import check

DEFAULTS = AuditConfig()


def audit(
    synthetic: Path,
    real: Path | None,
    out: Path,
    config: AuditConfig = DEFAULTS,
    tell: Callable[[Entry], None] = lambda entry: None,
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
    with one_writer(out), open_evidence(synthetic, real, config, prepare_briefly) as (evidence, notes):
        claim_plan(out, describe_plan(evidence, config))
        entries = ask_all(out, evidence, tell)
        scorecard = make_scorecard(evidence, describe_subject(evidence, notes), entries)
        if policy:
            scorecard = replace(scorecard, judged=judge(policy, entries))
        save_images(out, evidence.synthetic, entries)
        save_summary(out, scorecard)
        save_page(out, scorecard)
        save_scorecard(out, scorecard)
    return scorecard


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
