"""Designs: frozen once, the same for the same options, refused when changed or edited, honest about leaks."""

import csv
import hashlib
import json
import shutil
from dataclasses import replace

import pytest

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.locks import is_vacant
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import FILE, freeze, make_design
from ganoscope.studies.judgement import list_warnings

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


def test_the_same_options_give_the_same_design(store):
    first, again, other = (make_design(store, config)[0] for config in (CONFIG, CONFIG, replace(CONFIG, seed=1)))
    assert first.sha256 == again.sha256
    assert first.splits_sha256 != other.splits_sha256
    assert first.ratio == pytest.approx(1, abs=0.2)


def test_a_frozen_design_is_kept_and_a_changed_one_refused_with_every_difference(store, tmp_path):
    parts = make_design(store, CONFIG)
    freeze(tmp_path, parts[0], store, *parts[1:])
    before = (tmp_path / FILE).read_bytes()
    freeze(tmp_path, parts[0], store, *parts[1:])
    assert (tmp_path / FILE).read_bytes() == before
    changed = make_design(store, replace(CONFIG, margin=0.05, epochs=3))
    with pytest.raises(UserError) as told:
        freeze(tmp_path, changed[0], store, *changed[1:])
    assert "frozen with margin 0.01; got 0.05" in str(told.value)
    assert "frozen with epochs 20; got 3" in str(told.value)


def test_an_edited_design_is_refused(store, tmp_path):
    parts = make_design(store, CONFIG)
    freeze(tmp_path, parts[0], store, *parts[1:])
    content = json.loads((tmp_path / FILE).read_text())
    content["design"]["options"]["margin"] = 0.2
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(UserError, match="was changed after it was frozen"):
        freeze(tmp_path, parts[0], store, *parts[1:])


def test_every_image_of_the_design_is_in_one_part_of_every_split(store, tmp_path):
    design, cohort, splits = make_design(store, CONFIG)
    freeze(tmp_path, design, store, cohort, splits)
    lines = (tmp_path / "splits.csv").read_text().splitlines()
    assert len(lines) == 1 + design.plan.count * design.images


def test_an_unconditional_generator_is_refused(store):
    config = StudyConfig(arms=("baseline", "augmented"), generator="dcgan", repeats=3, folds=2)
    with pytest.raises(UserError, match="--generator has no classes: got dcgan"):
        make_design(store, config)


def test_screening_needs_a_network(store):
    config = StudyConfig(arms=("baseline", "filtered"), families=("random_features",), repeats=3, folds=2)
    with pytest.raises(UserError, match="arm filtered needs a network"):
        make_design(store, config)


def test_one_run_for_all_splits_is_called_leaky_with_its_patients(store, conditional_run, phantom_store):
    config = StudyConfig(arms=("baseline", "augmented"), generator_run=conditional_run, repeats=3, folds=2)
    run_store = json.loads((conditional_run / "run.json").read_text())["store_fingerprint"]
    design = make_design(store, config)[0]
    if run_store == store.fingerprint:
        assert design.leaky_groups > 0
    assert list_warnings(design)[0].startswith("Leaky: one generator serves all splits")


def test_a_store_without_labels_is_refused(store, tmp_path):
    shutil.copytree(store.path, tmp_path / "store")
    path = tmp_path / "store" / "manifest.csv"
    rows = path.read_text().splitlines()
    place = rows[0].split(",").index("label")
    cells = [row.split(",") for row in rows]
    bare = [",".join([*row[:place], "", *row[place + 1 :]]) for row in cells[1:]]
    path.write_text("\n".join([rows[0], *bare]) + "\n")
    with pytest.raises(UserError, match="a study needs the class of every training image"):
        make_design(Store.open(tmp_path / "store"), CONFIG)


@pytest.mark.parametrize(
    "edit", [lambda text: text.replace(",test", ",train", 1), lambda text: text + text[-30:], lambda text: text[:-40]]
)
def test_edited_splits_are_refused(store, tmp_path, edit):
    parts = make_design(store, CONFIG)
    freeze(tmp_path, parts[0], store, *parts[1:])
    path = tmp_path / "splits.csv"
    path.write_text(edit(path.read_text()))
    with pytest.raises(UserError, match=r"splits\.csv"):
        freeze(tmp_path, parts[0], store, *parts[1:])


def test_a_process_killed_while_it_freezes_leaves_a_folder_that_the_same_call_takes_up(store, tmp_path, monkeypatch):
    def die(*_):
        raise SystemExit(9)

    parts = make_design(store, CONFIG)
    freeze(tmp_path / "whole", parts[0], store, *parts[1:])
    known = (tmp_path / "whole" / "splits.csv").read_bytes()
    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr("ganoscope.studies.design.save_json", die)
        freeze(tmp_path / "early", parts[0], store, *parts[1:])
    assert is_vacant(tmp_path / "early")
    (tmp_path / "whole" / "splits.csv").unlink()  # killed between design.json and its own name
    for name in ("early", "whole"):
        freeze(tmp_path / name, parts[0], store, *parts[1:])
        assert (tmp_path / name / "splits.csv").read_bytes() == known


def test_the_hash_of_the_splits_is_that_of_all_their_parts_in_order(store):
    design, _, splits = make_design(store, CONFIG)
    text = "\n".join(",".join(parts.tolist()) for parts in splits)
    assert design.splits_sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_every_fraction_of_the_learning_curve_needs_all_classes_in_all_splits(store, tmp_path):
    """Patients of two classes: at a small fraction, the only patient that is kept of one may be gone with the other."""
    rows, path = [], tmp_path / "store" / "manifest.csv"
    shutil.copytree(store.path, tmp_path / "store")
    cells = list(csv.DictReader(path.open(newline="")))
    first = [row for row in cells if row["label"] == "glioma"]
    for row in cells:
        rows.append({**row, "label": "rare" if row in first[::3] else "usual"})
    partner = [row["group"] for row in rows if row["label"] == "usual"]
    for number, row in enumerate(one for one in rows if one["label"] == "rare"):
        row["group"] = row["patient"] = partner[number]
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    mixed = Store.open(tmp_path / "store")
    make_design(mixed, CONFIG)
    with pytest.raises(UserError, match=r"with --low-data 0\.01, \d+ outer splits? lacks? a class") as told:
        make_design(mixed, replace(CONFIG, low_data=(0.01, 0.5)))
    assert "a larger --low-data" in str(told.value)
