"""Whether a design can decide, and the smallest one that could."""

from ganoscope.errors import UserError, describe, write_count
from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.planning.feasibility import LARGEST_DETECTABLE_SD, Feasibility, is_enough
from ganoscope.statistics.planning.patient_feasibility import LEAST_PATIENTS
from ganoscope.studies.design import Design

MOST_REPEATS = 20
"""Repetitions up to which a design is looked for; more of them change little, as splits share patients."""
OTHER_FOLDS = range(3, 11)
"""Numbers of folds that are looked at where the given one can never decide."""
EXPLORATORY = "With --exploratory, this design runs without claiming anything."


def refuse_undecidable(design: Design) -> None:
    """Refuses a design that can't decide, unless it is called exploratory.

    Raises:
        UserError: It can't decide; the message names the smallest design that could.
    """
    found = design.feasibility
    if found.can_decide or design.config.exploratory:
        return
    told = describe_few_splits(design, found) if isinstance(found, Feasibility) else describe_few_patients(design)
    raise UserError(f"{told} {EXPLORATORY}")


def describe_few_splits(design: Design, found: Feasibility) -> str:
    """Returns why splits can't decide, and which could.

    Args:
        design: The design.
        found: What it can decide.
    """
    fewer = " Fewer --arms need fewer splits." if found.arms > 1 else ""
    return (
        f"this design can't decide: the smallest difference that {write_count(found.splits, 'split')} could show is "
        f"{found.detectable_sd:.2f} SD of the split differences, and the smallest p of an exact test is "
        f"{found.smallest_exact_p:.3g} after Holm's adjustment for {write_count(found.arms, 'arm')}; allowed: at most "
        f"{LARGEST_DETECTABLE_SD:g} SD, and p of {1 - LEVEL:.2g} or less. {describe_smallest(design, found)}{fewer}"
    )


def describe_few_patients(design: Design) -> str:
    """Returns which classes have too few held-out patients for intervals over patients."""
    few = ", ".join(
        f"{number} of class {name}"
        for name, number in zip(design.classes, design.held_out.by_class, strict=True)
        if number < LEAST_PATIENTS
    )
    remedy = "--scheme kfold holds every patient out; where that is not enough, use a store with more patients."
    fault = "this design can't decide: all splits together hold out too few patients or groups"
    return describe(fault, few, f"{LEAST_PATIENTS} or more of every class", remedy)


def describe_smallest(design: Design, found: Feasibility) -> str:
    """Returns the smallest design that can decide about as many arms, as a sentence.

    Args:
        design: The design.
        found: What it can decide.
    """
    folds, arms = design.plan.folds, found.arms
    repeats = find_repeats(folds, design.ratio, arms)
    if repeats:
        return f"The smallest that can: --folds {folds} --repeats {repeats} ({folds * repeats} splits)."
    sizes = {other: find_repeats(other, 1 / (other - 1), arms) for other in OTHER_FOLDS}
    splits, other = min((other * number, other) for other, number in sizes.items() if number)
    never = f"With --folds {folds} none can, as splits hold out too many of the same patients"
    return f"{never}; the smallest that can: --folds {other} --repeats {sizes[other]} ({splits} splits)."


def find_repeats(folds: int, ratio: float, arms: int) -> int:
    """Returns the smallest number of repetitions with which a design can decide; 0 where none can.

    Args:
        folds: Number of folds.
        ratio: Patients tested on over patients trained on.
        arms: Number of arms that are compared with the baseline.

    Example:
        >>> find_repeats(5, 0.25, 1), find_repeats(5, 0.25, 4), find_repeats(2, 1.0, 1)
        (2, 2, 0)
    """
    return next((number for number in range(1, MOST_REPEATS + 1) if is_enough(folds * number, ratio, arms)), 0)
