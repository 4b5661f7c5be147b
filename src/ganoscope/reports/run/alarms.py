"""Alarms as cards: where each came from, when it held, and what was looked at without finding anything."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.alarms import Alarm, load_alarms, sort_alarms
from ganoscope.data.store import Store
from ganoscope.evaluate.fidelity.diversity import MARGIN, Diversity, find_alarms
from ganoscope.reports.kit.alarm_cards import Card, count, describe_verdict, make_card
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.counterfactuals import Counterfactuals
from ganoscope.reports.run.explanations import Explanations
from ganoscope.reports.store.subjects import SUBJECTS
from ganoscope.training.run_folder.trained_run import TrainedRun

SPAN = ("first_images", "last_images")
CHECKS: dict[str, dict[str, tuple[str, ...]]] = {
    "Training": {
        "the discriminator winning completely": ("discriminator_won",),
        "parts of a network without gradient": ("no_gradient",),
        "real and generated images differing in range": ("ranges_differ",),
        "generated images hardly differing among each other (all at every checkpoint)": ("collapsed_diversity",),
        "classes that are drawn equally often, but are not equally frequent in the data": ("prevalence_changed",),
        "a loss that is not finite, which stops the training": ("non_finite_loss",),
    },
    "Data": {subject.looked_for[0].lower() + subject.looked_for[1:]: subject.codes for subject in SUBJECTS},
    "Diversity": {
        f"mean MS-SSIM of generated images above that of real ones by more than {MARGIN}, intervals apart": (
            "collapsed_diversity",
        ),
    },
    "Explanations": {
        "explanations of other weights than this report is about": ("*_of_other_weights",),
        "real images of another store than the run's own": ("real_images_of_another_store",),
        "a discriminator that hardly tells real from generated images": ("discriminator_blind",),
        "empty maps": ("empty_maps",),
        "maps that ignore the weights": ("explanation_ignores_weights",),
        "maps that move the score no more than random ones": ("attention_without_effect",),
        "pictures in which brightness does not tell the anatomy from the background": ("no_outline_*",),
    },
    "Counterfactuals": {
        "counterfactuals of other weights than this report is about": ("*_of_other_weights",),
        "answers that do not change": ("few_flips",),
        "changes that convince the explained classifier alone, or are lost in a blur, as an attack's are": (
            "counterfactual_like_attack",
            "flips_lost_in_blur",
            "control_undecided",
        ),
        "changes outside annotated findings, or in the padding": ("change_misses_findings", "change_in_padding"),
        "changes that are lost when they are written to files": ("written_files_differ",),
        "images that the run was trained on, or that the judge has seen": ("training_images", "judge_has_seen_images"),
        "images of other classes, or resampled": ("other_classes", "resampled"),
    },
}
"""What is looked for, with the codes of its alarms (`*` stands for any words), by where they come from."""


@dataclass(frozen=True)
class Check:
    """What one origin looked for, and what came of it."""

    origin: str
    looked_for: str
    outcome: str


@dataclass(frozen=True)
class AlarmSection:
    """All alarms, gravest first, and all checks."""

    cards: tuple[Card, ...]
    checks: tuple[Check, ...]
    verdict: str


def collect_alarms(
    trained: TrainedRun,
    store: Part[Store],
    measured: Part[Diversity],
    explanations: Part[Explanations],
    counterfactuals: Part[Counterfactuals],
) -> AlarmSection:
    """Returns the alarms of the run, its data, and what was measured on it, each with its origin."""
    origins: dict[str, Part[list[Alarm]]] = {
        "Training": read_alarms(trained.path, "The run has not come to its first checkpoint."),
        "Data": read_alarms(store.value.path, "The store says nothing.")
        if store.value
        else Part(missing=store.missing),
    }
    if trained.record.domains:
        origins["Counterfactuals"] = take_alarms(counterfactuals)
    else:
        origins["Diversity"] = Part(find_alarms(measured.value)) if measured.value else Part(missing=measured.missing)
        origins["Explanations"] = take_alarms(explanations)
    raised = [(alarm, origin) for origin, part in origins.items() for alarm in part.value or ()]
    ordered = sort_alarms([alarm for alarm, _ in raised])
    origin_of = {id(alarm): origin for alarm, origin in raised}
    return AlarmSection(
        cards=tuple(
            make_card(alarm, origin_of[id(alarm)], describe_span(alarm, trained.images_seen), left_out=SPAN)
            for alarm in ordered
        ),
        checks=tuple(
            Check(origin, describe_checks(origin), describe_outcome(part)) for origin, part in origins.items()
        ),
        verdict=describe_verdict(ordered, [origin for origin, part in origins.items() if part.value is None]),
    )


def take_alarms(part: Part[Explanations] | Part[Counterfactuals]) -> Part[list[Alarm]]:
    """Returns the alarms that come with a part; where it is missing, why."""
    return Part(part.value.alarms) if part.value else Part(missing=part.missing)


def read_alarms(folder: Path, missing: str) -> Part[list[Alarm]]:
    """Returns the alarms kept in a folder; `missing` says why there is no such file."""
    path = folder / "alarms.json"
    return Part(load_alarms(path)) if path.exists() else Part(missing=missing)


def describe_span(alarm: Alarm, images_seen: int) -> str:
    """Returns in words when an alarm of the training held; "" for alarms that know no time."""
    if not all(isinstance(alarm.evidence.get(name), int) for name in SPAN):
        return ""
    first, last = (int(str(alarm.evidence[name])) for name in SPAN)
    if last >= images_seen:
        return f"Held from {first:,} images on, and still at the end ({images_seen:,} images)."
    seen = f"at {first:,} images only" if first == last else f"from {first:,} to {last:,} images"
    return f"Held {seen}; it cleared before the end ({images_seen:,} images)."


def describe_checks(origin: str) -> str:
    """Returns all that is looked for at one origin, as one sentence."""
    listed = "; ".join(CHECKS[origin])
    return f"{listed[0].upper()}{listed[1:]}."


def describe_outcome(part: Part[list[Alarm]]) -> str:
    """Returns what the checks of one origin gave, in words."""
    if part.value is None:
        return f"Not checked. {part.missing}"
    return count(len(part.value), "alarm") if part.value else "No alarms."
