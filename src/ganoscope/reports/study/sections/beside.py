"""What stands beside the verdict and decides nothing: posterior, effect size, false outperformance, worth."""

import math

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import NONE, write_change, write_share
from ganoscope.studies.evidence.comparisons import Beside

HEADER = (
    "Arm, classifier",
    "harms / equal / helps",
    "no better than the baseline",
    "effect size",
    "detectable",
    "worth in real patients",
)
NOTE = (
    "Posterior probabilities of the Bayesian correlated t-test below, within and above the margin; the probability "
    "that the arm is no better; the mean difference over the standard deviation of differences over splits, with its "
    "95% interval; the difference that 80% power would have found, at the standard deviation that was found. They "
    "decide nothing."
)


def show(findings: Findings) -> Chapter | None:
    """Returns what stands beside every comparison; None where there is nothing."""
    rows = tuple(
        (f"{one.arm}, {one.family}", *write_beside(one.beside)) for one in findings.judgement.comparisons if one.beside
    )
    if not rows:
        return None
    table = Table("Beside the verdict", HEADER, rows)
    return Chapter("beside", "Beside the verdict", (Section(sentences=(NOTE,), tables=(table,)),))


def write_beside(found: Beside) -> tuple[str, ...]:
    """Returns the cells of one comparison, without its name."""
    shares = (found.harms, found.equal, found.helps)
    posterior = " / ".join(map(write_share, shares)) if all(map(math.isfinite, shares)) else NONE
    effect = write_share(found.effect_size)
    if math.isfinite(found.effect_low):
        effect += f" ({write_share(found.effect_low)} to {write_share(found.effect_high)})"
    detectable = write_change(found.detectable).lstrip("+")
    return posterior, write_share(found.false_outperformance), effect, detectable, found.worth or "no learning curve"
