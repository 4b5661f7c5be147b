"""The verdict: the comparison that decides."""

import math

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import name_metric, write_change, write_interval, write_p
from ganoscope.studies.evidence.comparisons import Comparison

HEADER = ("Arm, classifier", "tested on", "splits", "difference", "adjusted interval", "level", "adjusted p", "verdict")


def show(findings: Findings) -> Chapter:
    """Returns the primary comparison and the rule that it was judged by."""
    found = findings.judgement
    rows = tuple(write_comparison(one) for one in found.comparisons if one.decides)
    table = Table(f"The comparison that decides: {name_metric(found.endpoint)}, arm minus baseline", HEADER, rows)
    margin = f"±{found.margin:g}"
    rule = (
        f"One rule, frozen before training, gives the verdict: the adjusted interval inside {margin} is practically "
        "equal; else wholly above 0: helps; wholly below 0: harms; otherwise there is no evidence. No evidence does "
        "not mean that there is no effect."
    )
    return Chapter("verdict", "Verdict", (Section((rule, *tell_widened(findings)), (table,)),))


def tell_widened(findings: Findings) -> tuple[str, ...]:
    """Returns whose intervals are wider than splits alone would give, in a sentence; nothing where there are none."""
    names = [
        f"{one.arm} ({one.family})"
        for one in findings.judgement.comparisons
        if one.over == "splits" and one.difference.ratio > findings.design.ratio
    ]
    if not names:
        return ()
    return (
        f"Wider than the scatter over splits alone would give, since arm and baseline differ on the same patients "
        f"again and again: the interval of {', '.join(names)}.",
    )


def write_comparison(one: Comparison) -> tuple[str, ...]:
    """Returns a comparison as a row of a table."""
    verdict, mean = one.verdict, one.difference
    return (
        f"{one.arm}, {one.family}",
        one.part.replace("_", "-"),
        str(mean.splits),
        write_change(mean.value),
        write_interval(verdict.low, verdict.high),
        f"{100 * verdict.level:.4g}%",
        write_p(verdict.p if math.isfinite(verdict.low) else math.nan),
        verdict.word,
    )
