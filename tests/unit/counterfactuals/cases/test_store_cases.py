"""Images of a store as cases, and which of them a network has seen."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from ganoscope.classifiers.trained import open_classifier
from ganoscope.counterfactuals.cases.seen import list_seen, make_finder
from ganoscope.counterfactuals.cases.store_cases import choose_indices, find_run_store, iterate_store
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.store import COLUMNS, Store
from ganoscope.errors import UserError
from ganoscope.files.tables import read_csv, save_csv
from ganoscope.training.run_folder.trained_run import open_run


def test_a_store_gives_its_own_images(disc_store, disc_run):
    store = Store.open(disc_store)
    indices = store.indices("test")
    cases = list(iterate_store(store, indices, open_run(disc_run)))
    assert [case.name for case in cases] == store.column("sample_id")[indices].tolist()
    for index, case in zip(indices, cases, strict=True):
        assert np.array_equal(case.pixels, store.images[index])
        assert case.label == store.column("label")[index]
        assert case.group == store.column("group")[index]
        assert not case.trained


def test_anatomy_is_no_finding(disc_store, disc_run, tmp_path):
    path = shutil.copytree(disc_store, tmp_path / "store")
    shutil.move(path / "masks.npy", path / "anatomy.npy")
    table = list(read_csv(path / "manifest.csv"))
    save_csv(path / "manifest.csv", COLUMNS, ({**row, "annotated": "no", "anatomy": row["annotated"]} for row in table))
    cases = list(iterate_store(Store.open(path), np.arange(len(table)), open_run(disc_run)))
    assert all(case.mask is None for case in cases)
    masks = Store.open(disc_store).masks
    assert all(np.array_equal(case.anatomy, mask) for case, mask in zip(cases, masks, strict=True))


def test_what_the_independent_classifier_has_seen_is_known(disc_store, disc_run, disc_judge):
    store, judge = Store.open(disc_store), open_classifier(disc_judge)
    seen = np.isin(store.column("sample_id"), list_seen(judge))
    cases = iterate_store(store, np.arange(store.count), open_run(disc_run), judge)
    assert [case.judged for case in cases] == seen.tolist()
    assert list_seen(None) == []


def test_a_part_without_images_of_the_domains_is_refused(disc_store, disc_run):
    run, store = open_run(disc_run), Store.open(disc_store)
    chosen, foreign = choose_indices(store, CounterfactualConfig(split="all", number=5), run)
    assert (len(chosen), len(foreign)) == (5, 0)
    even, _ = choose_indices(store, CounterfactualConfig(split="all", number=6), run)
    assert np.unique(store.column("label")[even], return_counts=True)[1].tolist() == [3, 3]
    assert even.tolist() == sorted(even.tolist())
    others = replace(run, record=replace(run.record, domains=("cat", "dog")))
    with pytest.raises(UserError, match=r"no images of cat or dog in that split: got test; allowed: train \(0\)"):
        choose_indices(store, CounterfactualConfig(), others)


def test_a_run_finds_its_store_or_says_what_is_wrong_with_the_one_named(disc_store, disc_run, phantom_store, tmp_path):
    run = open_run(disc_run)
    assert find_run_store(run, CounterfactualConfig()).path == disc_store
    gone = replace(run, record=replace(run.record, store=str(tmp_path / "gone")))
    assert find_run_store(gone, CounterfactualConfig()) is None
    assert find_run_store(gone, CounterfactualConfig(store=disc_store)).path == disc_store
    changed = replace(run, record=replace(run.record, store_fingerprint="0" * 64))
    assert find_run_store(changed, CounterfactualConfig()) is None
    with pytest.raises(UserError, match="fingerprint differs"):
        find_run_store(run, CounterfactualConfig(store=phantom_store))
    with pytest.raises(UserError, match="gone"):
        find_run_store(run, CounterfactualConfig(store=tmp_path / "gone"))


def test_equal_ids_in_another_store_are_no_sign_of_training(disc_store, disc_run):
    store, run = Store.open(disc_store), open_run(disc_run)
    names = [replace(sample, sample_id=f"phantom-{index:06d}") for index, sample in enumerate(store.samples())][:3]
    ids = [one.sample_id for one in names]
    own = make_finder(ids, store, {run.record.store_fingerprint})
    other = make_finder([*ids, *run.record.sample_ids], store, {"another"})
    assert [own(one) for one in names] == [True] * 3
    assert [other(one) for one in names] == [False] * 3
    assert sum(map(other, store.samples())) == len(run.record.sample_ids), "content is told in every store"
