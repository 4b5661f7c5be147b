"""What the numbers of a study do not show."""

from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.study.artefacts import Findings

LIMITS = (
    "The verdict holds for this store, this training size, this generator and these classifiers. Other hospitals, "
    "scanners or prevalences may give another one; an external store (`--external`) tests that.",
    "The corrected interval allows for the patients that splits share by an approximation (Nadeau and Bengio 2003), "
    "and is wider where the patients tested on vary more than that. It is about the procedure, not about one trained "
    "network. An interval over patients is about the trained models, and does not tell what training anew would give.",
    "Only the primary comparison was named before training. Everything else on this page shows where to look next.",
    "Labels are taken as true. Where a classifier and a generator learn from wrong labels, both look better than they "
    "are.",
    "Heat maps, example images and SSIM describe; none of them measures whether synthetic images help.",
)


def show(findings: Findings) -> Chapter:
    """Returns the limits of every study."""
    return Chapter("limits", "Limits", (Section(points=LIMITS),))
