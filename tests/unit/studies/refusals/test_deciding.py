"""Designs that can't decide are refused with the smallest one that can."""

from dataclasses import replace

import pytest

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.statistics.planning.feasibility import is_enough
from ganoscope.statistics.planning.patient_feasibility import HeldOutPatients
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.refusals.deciding import find_repeats, refuse_undecidable
from ganoscope.workflows.phantom import phantom

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=1, folds=2)


def refuse(phantom_store, config):
    with pytest.raises(UserError) as told:
        refuse_undecidable(make_design(Store.open(phantom_store), config)[0])
    return str(told.value)


def test_two_folds_never_decide_and_the_message_names_what_does(phantom_store):
    told = refuse(phantom_store, CONFIG)
    assert "With --folds 2 none can" in told
    assert "the smallest that can: --folds 6 --repeats 1 (6 splits)" in told
    assert is_enough(6, 1 / 5, 1)
    assert not any(is_enough(folds, 1 / (folds - 1), 1) for folds in range(2, 6))


def test_more_repetitions_are_named_where_they_help(phantom_store):
    told = refuse(phantom_store, replace(CONFIG, folds=5))
    assert "The smallest that can: --folds 5 --repeats 2 (10 splits)" in told
    design = make_design(Store.open(phantom_store), replace(CONFIG, folds=5, repeats=2))[0]
    assert design.feasibility.can_decide


def test_the_smallest_number_of_repetitions_is_found():
    for arms in (1, 4):
        repeats = find_repeats(4, 1 / 3, arms)
        assert is_enough(4 * repeats, 1 / 3, arms)
        assert not is_enough(4 * (repeats - 1), 1 / 3, arms)


def test_an_exploratory_design_runs_all_the_same(phantom_store):
    design = make_design(Store.open(phantom_store), replace(CONFIG, exploratory=True))[0]
    assert refuse_undecidable(design) is None
    assert design.feasibility.reachable == ("no evidence",)


def test_where_patients_vary_few_splits_of_enough_patients_decide(tmp_path):
    phantom(tmp_path / "store", PhantomConfig(modality="cxr", number=240, size=32))
    design = make_design(Store.open(tmp_path / "store"), replace(CONFIG, estimand="models"))[0]
    assert min(design.held_out.by_class) >= 10
    assert refuse_undecidable(design) is None
    assert design.feasibility.reachable == ("helps", "harms", "practically equal", "no evidence")


def test_where_patients_vary_a_class_of_few_held_out_patients_is_named(phantom_store):
    design = make_design(Store.open(phantom_store), replace(CONFIG, estimand="models"))[0]
    few = replace(design, held_out=HeldOutPatients((9, 40, 30), 0.5))
    with pytest.raises(UserError) as told:
        refuse_undecidable(few)
    assert f"got 9 of class {design.classes[0]}; allowed: 10 or more of every class. --scheme kfold" in str(told.value)
    assert refuse_undecidable(replace(few, config=replace(few.config, exploratory=True))) is None
