"""Can the discriminator tell real from generated images at all?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import Examination

MIN_AUROC = 0.6
"""Smallest AUROC at which explanations of a discriminator are meaningful."""


def find_blind_discriminator(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when the discriminator can't tell the sets apart."""
    auroc = examination.findings.auroc
    if auroc.value < MIN_AUROC:
        yield Alarm(
            "discriminator_blind",
            "warning",
            f"the discriminator hardly distinguishes held-out real from generated images: AUROC {auroc.value:.2f} "
            f"(95% "
            f"interval {auroc.low:.2f} to {auroc.high:.2f}). Its explanations mean little; try other checkpoints.",
            {"auroc": round(auroc.value, 4), "images": auroc.n},
        )


CHECK = Check(
    ("discriminator_blind",),
    "a discriminator that hardly distinguishes real from generated images",
    find_blind_discriminator,
    f"AUROC below {MIN_AUROC}",
    rank=20,
)
