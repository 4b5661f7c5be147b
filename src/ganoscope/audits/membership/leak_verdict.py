"""The verdict about membership in words."""

from collections.abc import Sequence

from ganoscope.audits.display_names import find_display
from ganoscope.audits.membership.attacking import Attacked
from ganoscope.evaluate.attacks.attack_controls import STATISTICS
from ganoscope.evaluate.attacks.attack_results import (
    ALPHA,
    POWER,
    AttackResult,
    adjust_claims,
    find_least_auroc,
    find_least_share,
)
from ganoscope.statistics.estimate import Estimate


def conclude(attacked: Attacked) -> tuple[bool, str]:
    """Returns whether a leak is shown, and the verdict."""
    adjusted = adjust_claims(attacked.results)
    leaking = [(one, p) for one, p in zip(attacked.results, adjusted, strict=True) if p < ALPHA]
    counted = [one for one in attacked.results if one.counts]
    bias = write_bias(attacked)
    if leaking:
        strongest, p = min(leaking, key=lambda pair: (pair[1], -pair[0].auroc.value))
        others = [find_display(one.name).words for one, _ in leaking if one is not strongest]
        more = f" Members are also told by {' and '.join(others)}." if others else ""
        return True, f"Leak shown: {write_leak(strongest, p, len(counted))}.{more}{bias}"
    claims = len(STATISTICS) * len(counted)
    least = min(find_least_auroc(one, claims, attacked.shown_bias) for one in counted)
    share = min(find_least_share(one, claims) for one in counted)
    seen = f"a leak of at least AUC {least:.2f}"
    if attacked.shown_bias is None and share < 1:
        seen += f", or one that gives away {100 * share:.1f}% of the members outright,"
    strongest = max(counted, key=lambda one: one.auroc.value)
    found = f"The strongest attack, {find_display(strongest.name).words}, has AUC {write_estimate(strongest.auroc)}"
    return False, f"No leak shown; {seen} would have been seen (power {100 * POWER:.0f}%). {found}.{bias}"


def write_leak(result: AttackResult, p: float, attacks: int) -> str:
    """Returns what a leaking attack has shown.

    Args:
        result: The attack.
        p: Its adjusted p value.
        attacks: Number of attacks that counted.
    """
    point = min(result.points, key=lambda one: one.false.value)
    found = f"{100 * point.found.value:.0f}% of the members score above " + (
        "every held-out image" if point.nominal == 0 else f"all but {100 * point.nominal:g}% of held-out images"
    )
    return (
        f"{find_display(result.name).words} tells members from held-out patients with AUC "
        f"{write_estimate(result.auroc)}, {found}; beyond random splits of members and of held-out patients "
        f"({write_p(p)}, {len(result.controls[0].auroc):,} splits each, Holm over {len(STATISTICS) * attacks} tests). "
        f"Threat: {result.threat}"
    )


def write_p(p: float) -> str:
    """Returns a p value in words.

    Example:
        >>> write_p(0.0004), write_p(0.012)
        ('p < 0.001', 'p = 0.012')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def write_bias(attacked: Attacked) -> str:
    """Returns a sentence where the sets differ by themselves; "" where that is not shown."""
    bias = attacked.shown_bias
    if bias is None:
        return ""
    return (
        f" The sets differ by themselves: split bias (AUC {bias.auroc:.2f} without any generator, {write_p(bias.p)}); "
        "only what goes beyond that counts as a leak."
    )


def write_bank(results: Sequence[AttackResult]) -> str:
    """Returns a sentence about the models of a bank; "" without one."""
    if not results:
        return ""
    adjusted = adjust_claims(results)
    strongest, p = max(zip(results, adjusted, strict=True), key=lambda pair: pair[0].auroc.value)
    shown = "leak" if min(adjusted) < ALPHA else "show no leak"
    return (
        f" Models of the bank {shown}: {find_display(strongest.name).words} has AUC {write_estimate(strongest.auroc)} "
        f"({write_p(p)}), each model the target in turn."
    )


def write_estimate(estimate: Estimate) -> str:
    """Returns an AUC with its interval.

    Example:
        >>> write_estimate(Estimate(0.612, 0.58, 0.65, 100, 50))
        '0.61 (95% interval: 0.58 to 0.65)'
    """
    return f"{estimate.value:.2f} (95% interval: {estimate.low:.2f} to {estimate.high:.2f})"
