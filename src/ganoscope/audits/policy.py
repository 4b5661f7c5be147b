"""Policies: thresholds in a JSON file that turn a scorecard into pass, fail or unknown.

A policy maps keys to rules, such as

    {"copied_images.outcome": "clear", "membership.outcome": "clear",
     "fidelity.frechet_distance": {"at_most_floors": 3}, "diversity.coverage": {"at_least": 0.5}}

A key is a question and one of its numbers, or `outcome`. A rule for a number passes where the whole 95% interval keeps
to the threshold, fails where all of it does not, and is unknown otherwise; a number of several feature families must
keep to it in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganoscope.audits.answer import Value
from ganoscope.errors import describe, refuse
from ganoscope.files.records import load_mapping

if TYPE_CHECKING:
    from ganoscope.audits.scorecard import Entry

Result = Literal["pass", "fail", "unknown"]
OUTCOMES = ("clear", "fault")
EXIT_STATUS: Mapping[Result, int] = {"pass": 0, "fail": 1, "unknown": 3}


@dataclass(frozen=True)
class Ruled:
    """One rule and its result.

    Attributes:
        key: Question and number that it is about.
        rule: The threshold in words.
        result: Whether it is kept.
        why: The number that decided, in words.
    """

    key: str
    rule: str
    result: Result
    why: str


@dataclass(frozen=True)
class Judged:
    """What a policy says of an audit.

    Attributes:
        result: fail where any rule fails, else unknown where any is unknown, else pass.
        rules: All rules with their results.
    """

    result: Result
    rules: tuple[Ruled, ...]


RULES: Mapping[str, str] = {
    "at_most": "at most",
    "at_least": "at least",
    "at_most_floors": "at most this many times its floor:",
}
"""Rules for a number, in words."""


def load_policy(path: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Returns a policy, checked.

    Args:
        path: JSON file.
        questions: Names of all questions.

    Raises:
        UserError: The file is missing or no policy; all faults are reported.
    """
    policy = load_mapping(path)
    faults = [fault for key, rule in policy.items() for fault in list_rule_faults(key, rule, questions)]
    refuse(faults or ([] if policy else [f"policy {path} has no rule. Give one, or leave --policy out."]))
    return policy


def list_rule_faults(key: str, rule: object, questions: Sequence[str]) -> list[str]:
    """Returns what is wrong with a rule.

    Args:
        key: Its key.
        rule: Its content.
        questions: Names of all questions.
    """
    question, dot, name = key.partition(".")
    if question not in questions or not dot or not name:
        return [describe("policy: no such key", key, f"QUESTION.NUMBER, QUESTION one of {', '.join(questions)}", "")]
    if name == "outcome":
        return [] if rule in OUTCOMES else [describe(f"policy: {key}", rule, " or ".join(OUTCOMES), "")]
    content = rule if isinstance(rule, dict) else {}
    numbers = content and all(kind in RULES and type(limit) in (int, float) for kind, limit in content.items())
    allowed = f'an object such as {{"at_most": 0.1}} with {", ".join(RULES)}'
    return [] if numbers else [describe(f"policy: {key} is no rule", rule, allowed, "")]


def judge(policy: Mapping[str, Any], entries: "Sequence[Entry]") -> Judged:
    """Returns what a policy says of some answers.

    Args:
        policy: From `load_policy`.
        entries: The questions with their answers.
    """
    found = {entry.name: entry for entry in entries}
    rules: list[Ruled] = []
    for key, rule in policy.items():
        question, _, name = key.partition(".")
        if name == "outcome":
            rules.append(judge_outcome(key, str(rule), found.get(question)))
        else:
            values = [one for one in found[question].values if one.name == name] if question in found else []
            rules += [judge_number(key, kind, limit, values) for kind, limit in rule.items()]
    results = {one.result for one in rules}
    worst: Result = "fail" if "fail" in results else "unknown" if "unknown" in results else "pass"
    return Judged(worst, tuple(rules))


def judge_outcome(key: str, wanted: str, entry: "Entry | None") -> Ruled:
    """Returns whether a question has the outcome that is wanted.

    Args:
        key: Key of the rule.
        wanted: `clear` or `fault`.
        entry: The question with its answer; None where it was not asked.
    """
    if entry is None or entry.outcome == "untested":
        return Ruled(key, wanted, "unknown", "not tested")
    return Ruled(key, wanted, "pass" if entry.outcome == wanted else "fail", entry.outcome)


def judge_number(key: str, kind: str, limit: float, values: Sequence[Value]) -> Ruled:
    """Returns whether a number keeps to its threshold, for all images, in every feature family.

    Args:
        key: Key of the rule.
        kind: Name in `RULES`.
        limit: The threshold.
        values: Numbers of that name.
    """
    rule = f"{RULES[kind]} {limit:g}"
    chosen = [one for one in values if one.images == "all"]
    if not chosen:
        return Ruled(key, rule, "unknown", "not measured")
    results = [judge_value(one, kind, limit) for one in chosen]
    worst = next(result for result in ("fail", "unknown", "pass") if result in [found for found, _ in results])
    return Ruled(key, rule, worst, next(why for found, why in results if found == worst))


def judge_value(value: Value, kind: str, limit: float) -> tuple[Result, str]:
    """Returns whether one number keeps to a threshold, and the number in words.

    Args:
        value: The number.
        kind: Name in `RULES`.
        limit: The threshold.
    """
    estimate, floor = value.measured.value, value.measured.floor
    told = f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"
    if kind == "at_most_floors":
        if floor is None:
            return "unknown", f"{told}, no floor"
        told = f"{told}, floor {floor.value:.4g}"
        limit = limit * floor.value
    keeps: Callable[[float], bool] = (lambda one: one >= limit) if kind == "at_least" else (lambda one: one <= limit)
    ends = {keeps(end) for end in (estimate.low, estimate.high) if end == end}
    ends = ends or {keeps(estimate.value)} if estimate.value == estimate.value else set()
    return ("pass" if ends == {True} else "fail" if ends == {False} else "unknown"), told
