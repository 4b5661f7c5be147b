"""Arms against the baseline in every class, view and source, with a flag where an arm does harm."""

from collections.abc import Iterator

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import name_metric, write_change
from ganoscope.studies.analysis.subgroup_harms import SubgroupDifference

HEADER = ("Subgroup", "images", "metric", "arm", "baseline", "difference", "95% interval", "harm")
SHOWN = {"class": ("auroc", "sensitivity")}
OTHER_KINDS = ("auroc", "accuracy")
FLAG = "▲ harm"


def show(findings: Findings) -> Chapter | None:
    """Returns a table for each family and set of test images; None where no subgroup was measured."""
    if not findings.subgroups:
        return None
    shown = list(list_shown(findings))
    flags = [one for one in shown if one.harms == "yes"]
    text = (
        f"A harm flag ({FLAG}) marks an arm that is worse than the baseline by more than the margin of "
        f"{findings.judgement.margin:g}, with its 95% interval wholly below 0. Intervals are not adjusted for the "
        "number of arms and subgroups: a flag is an alarm to look into, and the lack of one is no proof of safety."
    )
    points = tuple(describe_flag(one) for one in flags)
    found = f"{len(flags)} of {len(shown)} comparisons are flagged{':' if flags else '.'}"
    places = dict.fromkeys((one.part, one.family) for one in shown)
    tables = [Section(tables=(make_table(shown, *place),)) for place in places]
    return Chapter("subgroups", "Subgroups", (Section((text, found), points=points), *tables))


def list_shown(findings: Findings) -> Iterator[SubgroupDifference]:
    """Yields the comparisons that are listed: AUROC, and sensitivity of a class or accuracy of another subgroup."""
    for one in findings.subgroups:
        if one.metric in SHOWN.get(one.kind, OTHER_KINDS) and one.splits:
            yield one


def describe_flag(one: SubgroupDifference) -> str:
    """Returns a flag as a sentence."""
    return (
        f"{one.arm}, {one.family}, {one.kind} {one.subgroup}: {name_metric(one.metric)} {write_change(one.difference)} "
        f"({write_change(one.low)} to {write_change(one.high)}) from {one.baseline:.3f}"
    )


def make_table(shown: list[SubgroupDifference], part: str, family: str) -> Table:
    """Returns the comparisons of one family.

    Args:
        shown: All comparisons.
        part: What was tested on.
        family: The family.
    """
    own = [one for one in shown if (one.part, one.family) == (part, family)]
    rows = tuple(
        (
            *(
                f"{one.kind} {one.subgroup}",
                f"{one.images:.0f}",
                name_metric(one.metric),
                one.arm,
                f"{one.baseline:.3f}",
            ),
            *(write_change(one.difference), f"{write_change(one.low)} to {write_change(one.high)}"),
            FLAG if one.harms == "yes" else "",
        )
        for one in sorted(own, key=lambda each: (each.kind != "class", each.kind, each.subgroup, each.metric))
    )
    caption = f"{family}, {part.replace('_', '-')}: arm minus baseline; images are the mean of a split"
    return Table(caption, HEADER, rows, long=True)
