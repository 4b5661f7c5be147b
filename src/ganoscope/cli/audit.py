"""Audits synthetic images of any generator: fidelity, diversity, copies, membership, re-identification."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.audits import questions
from ganoscope.audits.config import AuditConfig
from ganoscope.audits.policy import EXIT_STATUS
from ganoscope.registry import list_modules
from ganoscope.reports.audit.scorecard_text import show_answer, show_scorecard
from ganoscope.workflows.audit import audit


@dataclass
class Command:
    """Asks whether synthetic images are any good, and whether anybody's image is in them; writes a scorecard.

    Works on images of any generator. Every answer has its error rate: what would have been seen, what chance alone
    gives, and how real images of other patients fare. Rerun the command to resume.
    """

    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to create."""
    synthetic: Path
    """A run, a folder of `ganoscope generate`, a store, or a folder of images of any other program."""
    real: Path | None = None
    """Store that the generator has learned from: its training split, or the images that a run names; by default, the
    store that the run was trained on."""
    config: tyro.conf.OmitArgPrefixes[AuditConfig] = field(default_factory=AuditConfig)

    def run(self) -> int:
        """Audits the images, prints the answers, and returns the exit status that the policy asks for."""
        scorecard = audit(self.synthetic, self.real, self.out, self.config, show_answer)
        show_scorecard(scorecard, self.out)
        return EXIT_STATUS[scorecard.judged.result] if scorecard.judged else 0


ASKED = "\n".join(f"  {name}: {line}" for name, line in list_modules(questions).items())
Command.__doc__ = f"{Command.__doc__}\n\nQuestions:\n{ASKED}\n"
