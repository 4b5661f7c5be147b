"""What a report reads, and what it says where something is missing."""

import shutil
from dataclasses import replace

import pytest

from ganoscope.errors import UserError
from ganoscope.evaluate.fidelity import diversity
from ganoscope.evaluate.fidelity.diversity import Diversity, SetDiversity
from ganoscope.files import save_json
from ganoscope.reports.run.artefacts import find_sources, open_store
from ganoscope.reports.run.config import ReportConfig
from ganoscope.training.run_folder.trained_run import open_run

ONE = SetDiversity(9, 9, 36, 0.5, 0.4, 0.6)


@pytest.fixture
def trained(tiny_run, tmp_path):
    return open_run(shutil.copytree(tiny_run, tmp_path / "run"))


def keep(trained, **changes):
    """Writes a measurement into the run as if it had been measured on its weights."""
    fits = Diversity(ONE, None, ONE, 320, trained.weights_sha256, trained.record.store_fingerprint, 200, 0, 2)
    diversity.save(trained.path / "evaluation" / "diversity.json", replace(fits, **changes))


def test_diversity_of_the_same_weights_and_settings_is_read(trained):
    keep(trained)
    assert find_sources(trained, ReportConfig()).diversity.value.generated == ONE


@pytest.mark.parametrize("change", [{"weights_sha256": "0"}, {"store_fingerprint": "0"}, {"number": 12}, {"seed": 1}])
def test_diversity_of_anything_else_is_not(trained, change):
    keep(trained, **change)
    assert find_sources(trained, ReportConfig()).diversity.missing == "Diversity was not measured."


def test_without_a_store_it_is_said_why_nothing_was_measured(trained, tmp_path):
    gone = replace(trained, record=replace(trained.record, store=str(tmp_path / "gone")))
    missing = find_sources(gone, ReportConfig()).diversity.missing
    assert missing.startswith("Diversity was not measured, because it needs the real images. The store is no longer")


def test_a_damaged_store_is_none(trained, tmp_path):
    save_json(tmp_path / "damaged" / "store.json", {})
    assert (
        open_store(replace(trained, record=replace(trained.record, store=str(tmp_path / "damaged"))), None).value
        is None
    )


def test_folders_are_found_in_the_run_or_where_the_user_says(trained, tmp_path):
    save_json(trained.path / "explanations" / "results.json", {})
    save_json(tmp_path / "elsewhere" / "results.json", {})
    assert find_sources(trained, ReportConfig()).explanations.value == trained.path / "explanations"
    config = ReportConfig(explanations=tmp_path / "elsewhere")
    assert find_sources(trained, config).explanations.value == tmp_path / "elsewhere"
    assert find_sources(trained, config).counterfactuals.missing == (
        "The run has no counterfactuals yet; `ganoscope counterfactual` makes them."
    )


@pytest.mark.parametrize("name", ["explanations", "counterfactuals"])
def test_a_folder_that_the_user_names_must_hold_results(trained, tmp_path, name):
    with pytest.raises(UserError, match=rf"no {name} at .*results\.json is missing"):
        find_sources(trained, ReportConfig(**{name: tmp_path}))
