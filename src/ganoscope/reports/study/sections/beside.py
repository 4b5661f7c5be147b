"""What stands beside the verdict and decides nothing: posterior, effect size, false outperformance, worth."""

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import write_change
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
    "95 % interval; the difference that 80 % power would have found, at the standard deviation that was found. They "
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
    posterior = " / ".join(f"{share:.2f}" for share in (found.harms, found.equal, found.helps))
    effect = f"{found.effect_size:.2f} ({found.effect_low:.2f} to {found.effect_high:.2f})"
    detectable = write_change(found.detectable).lstrip("+")
    return posterior, f"{found.false_outperformance:.2f}", effect, detectable, found.worth or "no learning curve"
