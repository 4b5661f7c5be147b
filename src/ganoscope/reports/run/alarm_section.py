"""The alarms of a run: where each came from, when it was active, and what the checks looked for."""

from pathlib import Path

from ganoscope.alarms import Alarm, load_alarms, run_checks, sort_alarms
from ganoscope.audits.scorecard import load_scorecard
from ganoscope.audits.shown_faults import FAULT_CHECK
from ganoscope.classifiers.fitness import DANGER_CHECK
from ganoscope.files.records import load_mapping
from ganoscope.reports.kit.alarm_cards import (
    AlarmList,
    Outcome,
    count_by_severity,
    describe_verdict,
    find_title,
    make_card,
)
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.artefacts import ALARMS, Sources, list_classifiers
from ganoscope.reports.run.looked_for import LOOKED_FOR, ORIGIN_CHECK, Results, describe_checks

SPAN = ("first_images", "last_images")
"""Names in an alarm's evidence: images seen when it was first raised, and when last."""


def list_alarms(sources: Sources) -> AlarmList:
    """Returns the alarms of the run, its data, and what was measured on it, each with its origin; cleared ones last.

    Raises:
        UserError: A file that holds alarms is damaged.
    """
    origins = read_origins(sources)
    raised = [(alarm, origin) for origin, part in origins.items() for alarm in part.value or ()]
    origin_of = {id(alarm): origin for alarm, origin in raised}
    seen = sources.trained.images_seen
    ordered = sorted(sort_alarms([alarm for alarm, _ in raised]), key=lambda alarm: is_cleared(alarm, seen))
    return AlarmList(
        cards=tuple(
            make_card(
                alarm,
                origin_of[id(alarm)],
                describe_span(alarm, seen),
                left_out=SPAN,
                title=find_title(alarm, LOOKED_FOR[origin_of[id(alarm)]]),
            )
            for alarm in ordered
        ),
        outcomes=tuple(
            Outcome(describe_checks(origin), describe_outcome(part), origin) for origin, part in origins.items()
        ),
        verdict=describe_verdict(ordered, [origin for origin, part in origins.items() if part.value is None]),
    )


def read_origins(sources: Sources) -> dict[str, Part[list[Alarm]]]:
    """Returns the alarms by where they come from, or why nothing was checked there."""
    store, measured = sources.store, sources.diversity
    of_store = read_alarms(store.value.path, "The store has no list of alarms.") if store.value else None
    origins = {
        "Training": read_alarms(sources.trained.path, "The run has not reached its first checkpoint."),
        "Data": of_store or Part(missing=store.missing),
    }
    if list_classifiers(sources.trained, sources.config):
        origins["Classifiers"] = Part(run_checks((DANGER_CHECK,), sources.classifier_dangers))
    if sources.translates:
        return {**origins, "Counterfactuals": read_results(sources, sources.counterfactuals, "counterfactual")}
    of_diversity = Part(load_alarms(sources.evaluation / ALARMS)) if measured.value else Part(missing=measured.missing)
    explained = read_results(sources, sources.explanations, "explain")
    audited = {"Audits": read_audit(sources)} if sources.audit.value else {}
    return {**origins, "Diversity": of_diversity, "Explanations": explained, **audited}


def read_audit(sources: Sources) -> Part[list[Alarm]]:
    """Returns the alarm that an audit is about other weights, and one for every leak or other fault that it shows."""
    if sources.audit.value is None:
        return Part(missing=sources.audit.missing)
    scorecard = load_scorecard(sources.audit.value)
    subject = scorecard.subject
    results = Results("audits", "audit", subject.images_seen, subject.weights_sha256, sources.trained.weights_sha256)
    return Part([*run_checks((ORIGIN_CHECK,), results), *run_checks((FAULT_CHECK,), scorecard)])


def read_alarms(folder: Path, missing: str) -> Part[list[Alarm]]:
    """Returns the alarms kept in a folder; `missing` says why there is no such file."""
    path = folder / "alarms.json"
    return Part(load_alarms(path)) if path.exists() else Part(missing=missing)


def read_results(sources: Sources, folder: Part[Path], command: str) -> Part[list[Alarm]]:
    """Returns the alarms of a folder of results, including the one about other weights.

    Args:
        sources: What the report reads.
        folder: The folder, or why there is none.
        command: Command that wrote it.
    """
    if folder.value is None:
        return Part(missing=folder.missing)
    content = load_mapping(folder.value / "results.json")
    results = Results(
        what={"explain": "explanations", "counterfactual": "counterfactuals"}[command],
        command=command,
        images_seen=content.get("images_seen"),
        weights_sha256=content.get("generator_sha256"),
        expected_sha256=sources.trained.weights_sha256,
    )
    return Part([*run_checks((ORIGIN_CHECK,), results), *load_alarms(folder.value / "alarms.json")])


def is_cleared(alarm: Alarm, images_seen: int) -> bool:
    """Tells whether a training alarm was no longer active after `images_seen` images; others never are."""
    last = alarm.evidence.get(SPAN[1])
    return isinstance(last, int) and last < images_seen


def describe_span(alarm: Alarm, images_seen: int) -> str:
    """Returns in words when a training alarm was active; "" for alarms without a time."""
    if not all(isinstance(alarm.evidence.get(name), int) for name in SPAN):
        return ""
    first, last = (int(str(alarm.evidence[name])) for name in SPAN)
    if last >= images_seen:
        return f"Active from {first:,} images on, and still at the end ({images_seen:,} images)."
    seen = f"at {first:,} images only" if first == last else f"from {first:,} to {last:,} images"
    return f"Active {seen}; cleared before the end ({images_seen:,} images)."


def describe_outcome(part: Part[list[Alarm]]) -> str:
    """Returns the outcome of the checks of one origin, in words."""
    if part.value is None:
        return f"Not checked. {part.missing}"
    return f"{count_by_severity(part.value)}." if part.value else "No alarms."
