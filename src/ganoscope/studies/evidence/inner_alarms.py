"""Alarms that the trainings inside a study raised, counted over outer splits."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganoscope.alarms import ALARMS, Alarm, load_alarms
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.result_files import RUN
from ganoscope.studies.split_tasks import SplitTasks, list_classifiers

EXPECTED = "nothing_scored_test"
"""Raised by every network of a study: those that a split holds out are in a store of their own, not in a test split."""


def tell_inner_alarms(splits: Sequence[SplitTasks], results: Path) -> list[str]:
    """Returns a sentence for every kind of alarm, except notes, that generators and networks of a study have raised.

    Args:
        splits: Tasks of all outer splits.
        results: Folder of the results of all tasks.
    """
    found: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    totals: dict[str, int] = defaultdict(int)
    for split in splits:
        for kind, key in list_trainings(split):
            totals[kind] += 1
            alarms = load_alarms(results / key / RUN / ALARMS)
            told = {alarm.code: alarm for alarm in alarms if alarm.severity != "note" and alarm.code != EXPECTED}
            for code, alarm in told.items():
                found[kind, code].append(alarm)
    return [
        f"{len(alarms)} of {totals[kind]} trainings of {kind} raised the alarm {code}. The first says: "
        f"{alarms[0].message}"
        for (kind, code), alarms in found.items()
    ]


def list_trainings(split: SplitTasks) -> Iterator[tuple[str, str]]:
    """Yields (what is trained, key of its task) for the generator and the networks of a split."""
    config = split.design.config
    if config.generates and config.generator_run is None:
        yield f"generator {config.generator}", split.train_generator().key
    for variant, family, seed in list_classifiers(split.design):
        if family != RANDOM_FEATURES:
            for trial in range(len(config.ratios)):
                yield f"{family} (arm {variant.name})", split.fit(variant, family, seed, trial).key
