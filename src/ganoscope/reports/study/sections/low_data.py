"""The low-data curve: the baseline at several fractions of the real patients, and where the arms stand beside it."""

from collections.abc import Sequence
from typing import Any

from ganoscope.figures.axes import INK, make_figure, measure_arms
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import find_look, name_metric, write_level
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.judgement import ArmLevel
from ganoscope.studies.result_files import HELD_OUT

Curve = list[tuple[float, ArmLevel]]


def show(findings: Findings) -> Chapter | None:
    """Returns the curve and its numbers; None where the baseline was trained at one fraction alone."""
    found, config = findings.judgement, findings.design.config
    if not config.low_data:
        return None
    metric = name_metric(found.endpoint)
    curves = {family: find_curve(findings, family) for family in config.families}
    others = [one for one in found.levels if one.part == HELD_OUT and one.arm in config.compared]
    fractions = [fraction for fraction, _ in curves[config.families[0]]]
    rows = tuple(
        (family, *(write_level(one.mean, one.low, one.high) for _, one in curve)) for family, curve in curves.items()
    )
    header = ("Classifier", *(f"{100 * fraction:g}% of patients" for fraction in fractions))
    table = Table(f"{metric} of the baseline by the share of training patients", header, rows)
    text = (
        f"The solid line is the baseline, trained on fewer real patients of the same splits (bars: 95% "
        f"intervals). The other lines are the arms at {100 * config.real_fraction:g}% of the patients: where one "
        "meets the curve, it does as well as the baseline with that share of the patients."
    )
    alt = f"{metric} of the baseline at {len(fractions)} shares of training patients; the numbers are in the table."
    figures = findings.draw("low_data", alt, draw_curves, curves, others, metric)
    return Chapter(
        "low_data", "With fewer real patients", (Section((text,), figures=figures), Section(tables=(table,)))
    )


def find_curve(findings: Findings, family: str) -> Curve:
    """Returns the baseline's levels by the fraction of training patients, in order."""
    config = findings.design.config
    names = {f"{BASELINE}@{fraction:g}": fraction for fraction in config.low_data} | {BASELINE: config.real_fraction}
    own = [one for one in findings.judgement.levels if (one.part, one.family) == (HELD_OUT, family)]
    return sorted(((names[one.arm], one) for one in own if one.arm in names), key=lambda pair: pair[0])


def draw_curves(curves: dict[str, Curve], others: Sequence[ArmLevel], metric: str) -> Any:
    """Returns a figure of the curves, a panel for each family.

    Args:
        curves: The baseline's levels by family and fraction.
        others: Levels of the other arms.
        metric: Title of the endpoint.
    """
    figure = make_figure(3.4)
    grid: Any = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, (family, curve) in zip(grid, curves.items(), strict=True):
        shares = [100 * fraction for fraction, _ in curve]
        axes.plot(shares, [one.mean for _, one in curve], "o-", color=INK, linewidth=1.8, label=BASELINE)
        for share, (_, one) in zip(shares, curve, strict=True):
            low, high = (min(max(end, 0), 1) for end in (one.low, one.high))
            axes.errorbar(share, one.mean, measure_arms(one.mean, low, high), color=INK, capsize=3, linewidth=1)
        for one in (each for each in others if each.family == family):
            axes.axhline(one.mean, linewidth=1.3, label=one.arm, **find_look(one.arm))
        axes.set(title=family, xlabel="training patients used (%)")
        axes.legend(frameon=False, fontsize=8.5)
    grid[0].set_ylabel(metric)
    return figure
