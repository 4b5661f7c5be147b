"""Alarms of trainings inside a study reach its reader, counted over splits."""

from pathlib import Path

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.data.store import Store
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.evidence.inner_alarms import list_trainings, tell_inner_alarms
from ganoscope.studies.split_tasks import SplitTasks

COLLAPSED = Alarm("collapsed_diversity", "warning", "images resemble each other.")


def make_splits(store, **options):
    config = StudyConfig(generator="cgan", repeats=3, folds=2, **options)
    design = make_design(Store.open(store), config)[0]
    return [SplitTasks(design, Path(store), number) for number in range(4)]


def raise_alarms(results, key, *alarms):
    (results / key / "run").mkdir(parents=True)
    save_alarms(results / key / "run" / "alarms.json", alarms)


def test_alarms_are_counted_by_what_was_trained_and_notes_are_not_told(phantom_store, tmp_path):
    splits = make_splits(phantom_store, arms=("baseline", "augmented"), families=("small_cnn", "random_features"))
    note = Alarm("slow", "note", "slow.")
    for split in splits[:3]:
        raise_alarms(tmp_path, split.train_generator().key, COLLAPSED, COLLAPSED, note)
    guessing = Alarm("guessing", "danger", "it guesses.")
    key = dict(list_trainings(splits[1]))["small_cnn (arm augmented)"]
    raise_alarms(tmp_path, key, guessing)
    assert sorted(tell_inner_alarms(splits, tmp_path)) == [
        "1 of 4 trainings of small_cnn (arm augmented) raised the alarm guessing. The first says: it guesses.",
        "3 of 4 trainings of generator cgan raised the alarm collapsed_diversity. The first says: images resemble each "
        "other.",
    ]


def test_that_trainings_hold_no_test_patients_is_no_news(phantom_store, tmp_path):
    splits = make_splits(phantom_store, arms=("baseline", "classical"), families=("small_cnn",))
    for _, key in list_trainings(splits[0]):
        raise_alarms(tmp_path, key, Alarm("nothing_scored_test", "danger", "nothing was measured on it."))
    assert tell_inner_alarms(splits, tmp_path) == []


def test_a_study_without_a_generator_lists_networks_alone(phantom_store):
    splits = make_splits(phantom_store, arms=("baseline", "classical"), families=("small_cnn",))
    assert [kind for kind, _ in list_trainings(splits[0])] == ["small_cnn (arm baseline)", "small_cnn (arm classical)"]
