"""The plan of a bank: what is refused before anything is trained, and what is frozen."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganoscope.banks.bank_plan import FILE, MEMBERSHIP, freeze, load_frozen, make_plan
from ganoscope.banks.bank_tasks import ModelLimit, estimate_cost, list_tasks
from ganoscope.banks.config import BankConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import partial_name
from ganoscope.files.tables import read_csv
from ganoscope.generators.timing import Cost
from ganoscope.tasks.own_modules import hash_module, import_modules

SMALL = BankConfig(method="r3gan", models=4, images=64, number=8)


def make_rows(*groups):
    """A row for each (group, label)."""
    return [{"group": group, "label": label, "split": "train"} for group, label in groups]


def make_sized(make_store, rows):
    """A store of 32 px images of rows."""
    return make_store(rows, np.random.default_rng(0).integers(0, 256, (len(rows), 32, 32)).astype(np.uint8))


FOUR = (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"))


def test_an_odd_number_and_an_unknown_method_are_told_at_once():
    with pytest.raises(UserError) as told:
        BankConfig(models=5, method="rgan", number=0)
    first, second, third = str(told.value).splitlines()
    assert first.startswith("--number is out of range: got 0")
    assert second.startswith("--models is odd: got 5; allowed: even numbers.")
    assert third.startswith("no such method or preset: got rgan")


@pytest.mark.parametrize(
    ("method", "groups", "words"),
    [
        ("r3gan", FOUR[:3], "too few patients, or groups of near-duplicates, for halves: got 3; allowed: 4 or more"),
        ("cyclegan", FOUR, "--method translates images: got cyclegan"),
        (
            "cgan",
            [(name, "") for name, _ in FOUR],
            "method cgan needs the class of every training image: got 0 classes",
        ),
        ("r3gan", [*FOUR, ("c1", "")], "is conditioned on classes, and some images have none: got 1 of 5"),
        ("r3gan", [*FOUR, ("c1", "c")], "class c is missing from a half: got 1 model without it"),
    ],
)
def test_a_store_that_does_not_fit_is_refused_by_name(method, groups, words, make_store):
    store = make_sized(make_store, make_rows(*groups))
    with pytest.raises(UserError, match=words.replace("(", r"\(")):
        make_plan(store, BankConfig(method=method, models=2))


@pytest.mark.parametrize(
    ("method", "label", "classes"), [("r3gan", "", {}), ("dcgan", None, {}), ("r3gan", None, {"a": 2, "b": 2})]
)
def test_stores_without_classes_and_methods_without_them_are_taken(method, label, classes, make_store):
    groups = [(name, own if label is None else label) for name, own in FOUR]
    plan, patients = make_plan(make_sized(make_store, make_rows(*groups)), BankConfig(method=method, models=2))
    assert plan.classes == classes
    assert (plan.groups, plan.store_images, patients.count) == (4, 4, 4)


def test_all_images_take_part_whatever_their_split(phantom_store):
    store = Store.open(phantom_store)
    plan, _ = make_plan(store, SMALL)
    assert len(store.indices("train")) < plan.store_images == store.count == sum(plan.classes.values())


def test_a_plan_is_frozen_with_a_table_of_members(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    plan, patients = make_plan(store, SMALL)
    freeze(tmp_path, plan, store, patients)
    rows = list(read_csv(tmp_path / MEMBERSHIP))
    assert [row["sample_id"] for row in rows] == store.column("sample_id").tolist()
    names = [name for name in rows[0] if name.startswith("model_")]
    assert names == ["model_0000", "model_0001", "model_0002", "model_0003"]
    assert {sum(row[name] == "yes" for name in names) for row in rows} == {2}
    by_group = {}
    for row in rows:
        by_group.setdefault(row["group"], set()).add(tuple(row[name] for name in names))
    assert all(len(found) == 1 for found in by_group.values())
    frozen = load_frozen(tmp_path)
    assert (frozen.plan["models"], frozen.plan["fingerprint"]) == (4, store.fingerprint)
    freeze(tmp_path, plan, store, patients)


def test_another_plan_is_refused_with_all_values(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    freeze(tmp_path, *wrap(store, SMALL))
    with pytest.raises(UserError) as told:
        freeze(tmp_path, *wrap(store, BankConfig(method="r3gan", models=2, images=64, number=9)))
    lines = str(told.value).splitlines()
    assert [line.partition("was frozen with ")[2].partition(". Use")[0] for line in lines] == [
        "models 4; got 2",
        "number 8; got 9",
    ]


def wrap(store, config):
    plan, patients = make_plan(store, config)
    return plan, store, patients


@pytest.mark.parametrize("name", [FILE, MEMBERSHIP])
def test_edited_files_are_refused(name, phantom_store, tmp_path):
    store = Store.open(phantom_store)
    freeze(tmp_path, *wrap(store, SMALL))
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(
        text.replace('"images": 64', '"images": 65') if name == FILE else text.replace("yes", "no", 1)
    )
    for call in (lambda: load_frozen(tmp_path), lambda: freeze(tmp_path, *wrap(store, SMALL))):
        with pytest.raises(UserError, match=f"{name} was changed after it was frozen"):
            call()


def test_a_process_that_was_killed_while_freezing_leaves_nothing_in_the_way(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    freeze(tmp_path, *wrap(store, SMALL))
    before = (tmp_path / MEMBERSHIP).read_bytes()
    shutil.move(tmp_path / MEMBERSHIP, partial_name(tmp_path / MEMBERSHIP))
    freeze(tmp_path, *wrap(store, SMALL))
    assert (tmp_path / MEMBERSHIP).read_bytes() == before


def test_a_folder_without_a_bank_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no bank at .*: bank.json is missing"):
        load_frozen(tmp_path)


def test_models_are_tasks_of_their_own_seeds_that_go_on(phantom_store):
    plan, _ = make_plan(Store.open(phantom_store), SMALL)
    tasks = list_tasks(plan, phantom_store)
    assert len({task.key for task in tasks}) == 4
    seeds = {json.dumps(task.arguments["training"]) for task in tasks}
    assert len(seeds) == 4
    assert all(task.resumes and 2 <= task.find_memory_gib() < 2.2 for task in tasks)
    assert len({json.dumps(task.arguments["drawing"]) for task in tasks}) == 1, "the same noise and classes"


def test_the_cost_is_measured_and_limits_leave_fifty_times_as_much(phantom_store):
    store = Store.open(phantom_store)
    plan, _ = make_plan(store, SMALL)
    (cost,) = estimate_cost(plan, store)
    assert (cost.kind, cost.tasks) == ("generator r3gan", 4)
    assert cost.seconds > 0
    (task, *_) = list_tasks(plan, phantom_store)
    assert ModelLimit([Cost("generator r3gan", 4, 1000.0)]).find(task) == 50_000


def test_an_edited_method_of_ones_own_is_another_bank(make_store, tmp_path, monkeypatch):
    module, name = tmp_path / "own_for_bank" / "gan.py", "own_for_bank.gan"
    module.parent.mkdir()
    (module.parent / "__init__.py").write_text("")
    module.write_text("from ganoscope.methods.dcgan import *  # noqa: F403\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = replace(SMALL, method=name)
    store = make_sized(make_store, make_rows(*FOUR))
    folder = tmp_path / "bank"
    folder.mkdir()
    plan, patients = make_plan(store, config)
    freeze(folder, plan, store, patients)
    before = list_tasks(plan, store.path)[0]
    assert before.arguments["training"]["modules"] == {name: hash_module(name)}
    module.write_text(module.read_text() + "# edited\n")
    with pytest.raises(UserError, match="edited since the design was frozen"):
        import_modules(before.arguments["training"]["modules"])
    edited, _ = make_plan(store, config)
    assert list_tasks(edited, store.path)[0].key != before.key
    with pytest.raises(UserError, match="was frozen with hashes"):
        freeze(folder, edited, store, patients)


def test_a_method_of_the_package_has_no_hash_in_the_plan(make_store):
    plan, _ = make_plan(make_sized(make_store, make_rows(*FOUR)), SMALL)
    assert "hashes" not in plan.describe()
    assert "modules" not in list_tasks(plan, Path("store"))[0].arguments["training"]
