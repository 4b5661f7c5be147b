"""What `ganoscope study` prints: the frozen design, and the verdict."""

import math
from collections.abc import Iterator, Sequence

from rich.table import Table

from ganoscope.errors import write_count
from ganoscope.generators.timing import Cost, describe_costs
from ganoscope.reports.study.wording import write_change, write_interval, write_p
from ganoscope.reports.terminal import CONSOLE, say
from ganoscope.statistics.planning.feasibility import Feasibility
from ganoscope.statistics.planning.patient_feasibility import AUROC, CORRELATION, PatientFeasibility
from ganoscope.studies.arms import ARMS, BASELINE
from ganoscope.studies.design import Design
from ganoscope.studies.evidence.comparisons import Comparison
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.judgement import Judgement


def show_design(design: Design, costs: Sequence[Cost]) -> None:
    """Prints a frozen design: what is compared, on which splits, what the verdict rests on, and what it will cost.

    Args:
        design: The design.
        costs: Estimated costs of its trainings.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in list_design(design).items():
        table.add_row(name, text)
    CONSOLE.print(table)
    say(describe_costs(costs))
    for line in describe_feasibility(design.feasibility, design.config.expected_sd):
        say(line)


def list_design(design: Design) -> dict[str, str]:
    """Returns what is compared, on which splits, and what the verdict rests on, in words, by name."""
    config, plan = design.config, design.plan
    drawn = "drawn anew each time" if plan.scheme == "random" else f"{plan.repeats} times {plan.folds} folds"
    return {
        "design": f"{design.sha256[:12]}, frozen",
        "images": f"{design.images:,} of {name_groups(design)}, {len(design.classes)} classes",
        "splits": f"{plan.count} ({drawn}), {name_share(plan.parts)} of the patients held out in each",
        "estimand": ESTIMANDS[config.estimand],
        "endpoint": f"{config.endpoint}; differences up to {config.margin:g} count as equal",
        "primary": f"{config.compared[0]} against {BASELINE}, {config.families[0]}",
        "classifiers": ", ".join(config.families),
        **({"weights": describe_weights(design)} if config.weights else {}),
        "generator": name_generator(design),
        **{f"arm {arm}": ARMS[arm].about for arm in (BASELINE, *config.compared)},
    }


def describe_weights(design: Design) -> str:
    """Returns which classifiers begin with the weights that were given, and what of them is trained, in words."""
    config = design.config
    others = [family for family in config.families if family not in (*design.pretrained, RANDOM_FEATURES)]
    trained = "trained as a whole" if config.unfreeze else "of which the head alone is trained"
    begin = "begin" if len(others) > 1 else "begins"
    random = f"; {', '.join(others)} {begin} with random numbers, as the file does not fit" if others else ""
    return f"{config.weights.name if config.weights else ''} for {', '.join(design.pretrained)}, {trained}{random}"


def name_groups(design: Design) -> str:
    """Returns how many patients a design is about, or groups where patients are not known for all images."""
    if design.patients_known:
        return write_count(design.groups, "patient")
    return f"{write_count(design.groups, 'group')} of near-duplicates (patients are not known)"


SHARES = ("all", "half", *(f"one {name}" for name in ("third", "quarter", "fifth", "sixth", "seventh", "eighth")))
"""The first shares in words."""


def name_share(parts: int) -> str:
    """Returns one of equal parts in words.

    Example:
        >>> name_share(2), name_share(5), name_share(12)
        ('half', 'one fifth', '1/12')
    """
    return SHARES[parts - 1] if parts <= len(SHARES) else f"1/{parts}"


ESTIMANDS = {
    "procedure": "performance of the procedure at this training size (splits vary; corrected t-test)",
    "models": "performance of the trained models on patients like these (patients vary; bootstrap)",
}


def name_generator(design: Design) -> str:
    """Returns what generates the images, in words."""
    config = design.config
    if not config.generates:
        return "none: no arm needs one"
    if config.generator_run:
        return f"run {config.generator_run.name}, one for all splits (leaky)"
    return f"{config.generator}, {config.generator_images:,} images, one per split"


def describe_feasibility(found: Feasibility | PatientFeasibility, expected_sd: float | None) -> list[str]:
    """Returns what a design can decide, in sentences.

    Args:
        found: What it can decide.
        expected_sd: Expected standard deviation of the differences over splits.
    """
    if isinstance(found, Feasibility):
        lines = list(describe_splits(found, expected_sd))
    else:
        lines = list(describe_patients(found, expected_sd))
    if not found.can_decide:
        return [*lines, "verdicts within reach: none; this design can't decide, whatever its numbers say"]
    return [*lines, f"verdicts within reach: {', '.join(found.reachable)}"]


def describe_splits(found: Feasibility, expected_sd: float | None) -> Iterator[str]:
    """Yields what a design can decide where splits vary, in sentences.

    Args:
        found: What it can decide.
        expected_sd: Expected standard deviation of the differences over splits.
    """
    yield (
        f"minimum detectable difference (80% power, Holm over {write_count(found.arms, 'arm')}): "
        f"{found.detectable_sd:.2f} SD of the split differences; smallest p of an exact test: "
        f"{found.smallest_exact_p:.2g}. Where an arm differs on the same patients again and again, the interval is "
        "widened, and more is needed"
    )
    if found.detectable is not None:
        yield f"with the expected SD of {expected_sd:g}: {found.detectable:.4f}"
    if found.can_decide:
        yield f"practically equal can be shown up to an SD of {found.widest_sd:.4f}, where no interval is widened"


def describe_patients(found: PatientFeasibility, expected_sd: float | None) -> Iterator[str]:
    """Yields what a design can decide where patients vary, in sentences.

    Args:
        found: What it can decide.
        expected_sd: Expected standard deviation of the differences over splits.
    """
    yield (
        f"held out in all splits together: {found.fewest:,} patients or groups of the rarest class, {found.others:,} "
        "others; few splits are enough, as patients are resampled"
    )
    yield (
        f"minimum detectable difference (80% power, Bonferroni over {write_count(found.arms, 'arm')}): not known "
        f"before training, as it depends on how alike arms answer; for two models of AUROC {AUROC:g} whose estimates "
        f"correlate by {CORRELATION:g} it is {found.usual:.3f}"
    )
    if found.detectable is not None:
        yield (
            f"with the expected SD of {expected_sd:g} over splits: at most {found.detectable:.4f}; where nothing "
            f"differs, practically equal has a probability of at least {found.equal_chance:.0%}"
        )


def show_judgement(found: Judgement) -> None:
    """Prints a verdict: warnings first, then the sentence, then all comparisons."""
    for warning in found.warnings:
        say(warning)
    for part, family in dict.fromkeys((one.part, one.family) for one in found.comparisons):
        say(f"{family}, {part.replace('_', '-')}:")
        CONSOLE.print(tabulate([one for one in found.comparisons if (one.part, one.family) == (part, family)]))
    for one in found.comparisons:
        if one.beside and one.beside.worth:
            say(f"{one.arm}, {one.family}: worth in real patients {one.beside.worth}")
    say(found.headline)


def tabulate(comparisons: Sequence[Comparison]) -> Table:
    """Returns comparisons of one classifier as a table that fits into 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("arm", "difference", "adjusted interval", "p", "verdict"):
        table.add_column(name, overflow="fold")
    for one in comparisons:
        verdict = one.verdict
        interval, p = write_interval(verdict.low, verdict.high), verdict.p if math.isfinite(verdict.low) else math.nan
        table.add_row(one.arm, write_change(one.difference.value), interval, write_p(p), verdict.word)
    return table
