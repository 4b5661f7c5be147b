"""Which images are explained."""

from dataclasses import replace

import pytest

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import Source, choose_real, order_by_turns
from ganoscope.training.run_folder.trained_run import open_run


def test_groups_are_spread_and_test_comes_before_validation(tiny_run, phantom_store):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    everything = choose_real(run, store, 10_000, 0)
    assert everything.splits == sorted(everything.splits)
    tests = [group for group, split in zip(everything.groups, everything.splits, strict=True) if split == "test"]
    assert len(set(tests[: len(set(tests))])) == len(set(tests))
    samples = [sample for sample in store.samples() if sample.split == "test"]
    assert order_by_turns(samples, 0) != order_by_turns(samples, 1)


def test_a_store_that_does_not_fit_is_refused(tiny_run, phantom_store):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    intensity = replace(store.intensity, high=99.0)
    with pytest.raises(UserError) as caught:
        choose_real(run, replace(store, size=64, intensity=intensity), 4, 0)
    assert "another size" in str(caught.value)
    assert "other intensities" in str(caught.value)
    assert "IntensityMap" not in str(caught.value)
    known = replace(run, record=replace(run.record, sample_ids=store.column("sample_id").tolist()))
    with pytest.raises(UserError, match="no held-out image"):
        choose_real(known, store, 4, 0)


def test_a_store_of_another_modality_is_refused_where_both_are_known(tiny_run, phantom_store, tmp_path):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    for modality in ("CR", "mixed"):
        with pytest.raises(
            UserError, match=f"another modality than the run's training data: got {modality}; allowed: MR"
        ):
            choose_real(run, replace(store, modality=modality, fingerprint="other"), 1, 0)
    choose_real(run, replace(store, modality="", fingerprint="other"), 1, 0)
    gone = replace(run, record=replace(run.record, store=str(tmp_path / "gone")))
    choose_real(gone, replace(store, modality="CR", fingerprint="other"), 1, 0)
    changed = replace(run, record=replace(run.record, store_fingerprint="changed since"))
    choose_real(changed, replace(store, modality="CR", fingerprint="other"), 1, 0)


def test_a_source_names_the_runs_store_only_where_it_is_another():
    own = Source("brains", "a" * 64, "brains", "a" * 64)
    assert own.own
    assert own.description == "the real images are from brains, the data that the run was trained on"
    other = replace(own, store="heads", fingerprint="b" * 64)
    assert not other.own
    assert other.description.startswith("the real images are from heads (fingerprint bbbbbbbbbbbb), not from the data")
    assert other.description.endswith("brains (fingerprint aaaaaaaaaaaa)")
