"""Two domains of a translation: two classes of a store, or two stores."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.store.domains import open_domains
from ganoscope.errors import UserError

THREE = [{"label": name} for name in ("well", "sick", "odd")] * 24


def test_two_classes_of_a_store_are_domains_in_the_order_named(make_store):
    store = make_store(THREE)
    a, b = open_domains(store, ("sick", "odd"))
    assert (a.name, b.name) == ("sick", "odd")
    for domain in (a, b):
        assert set(store.column("label")[domain.indices("train")]) == {domain.name}
        assert set(store.column("split")[domain.indices("validation", "test")]) <= {"validation", "test"}
    assert set(a.indices("train").tolist()) <= set(store.indices("train").tolist())


def test_a_store_of_two_classes_needs_no_names(make_store):
    a, b = open_domains(make_store([{}] * 24))
    assert (a.name, b.name) == ("sick", "well")


@pytest.mark.parametrize("names", [None, ("well", "well"), ("well", "unknown"), ("well",)])
def test_anything_but_two_known_classes_is_refused_with_those_there_are(make_store, names):
    with pytest.raises(UserError, match=r"two classes.*allowed: odd, sick, well.*--domains A B"):
        open_domains(make_store(THREE), names)


def test_a_store_without_labels_is_refused(make_store):
    with pytest.raises(UserError, match="no labels"):
        open_domains(make_store([{"label": ""}] * 12))


def test_a_class_without_training_images_is_refused(make_store):
    rows = [{"label": "well"}] * 12 + [{"label": "sick", "split": "test"}] * 12
    with pytest.raises(UserError, match="domain sick has no training images"):
        open_domains(make_store(rows))


def test_two_stores_are_domains_as_a_whole(make_store, tmp_path):
    first = make_store([{}] * 12, path=tmp_path / "first")
    second = make_store([{"sample_id": f"b-{i}", "patient": f"b-{i}"} for i in range(18)], path=tmp_path / "second")
    a, b = open_domains(first, target=second)
    np.testing.assert_array_equal(a.indices("train"), first.indices("train"))
    np.testing.assert_array_equal(b.indices("train"), second.indices("train"))


def test_two_stores_of_one_name_are_two_domains_and_one_store_is_not(make_store, tmp_path):
    first = make_store([{}] * 12, path=tmp_path / "first")
    second = make_store([{"sample_id": f"b-{i}", "patient": f"b-{i}"} for i in range(18)], path=tmp_path / "second")
    assert first.name == second.name == "made up"
    assert tuple(domain.name for domain in open_domains(first, target=second)) == ("made up A", "made up B")
    with pytest.raises(UserError, match="--target-store is the store of domain A"):
        open_domains(first, target=first)


def test_names_and_a_second_store_exclude_each_other(make_store, tmp_path):
    first, second = (make_store([{}] * 12, path=tmp_path / name) for name in ("first", "second"))
    with pytest.raises(UserError, match="--domains with --target-store"):
        open_domains(first, ("well", "sick"), second)


def test_stores_of_other_size_intensity_and_modality_are_refused_at_once(make_store, tmp_path):
    first = make_store([{}] * 12, path=tmp_path / "first", modality="CT")
    second = make_store([{}] * 12, np.zeros((12, 8, 8), np.int16), "int16", path=tmp_path / "second", modality="MR")
    with pytest.raises(UserError) as caught:
        open_domains(first, target=second)
    message = str(caught.value)
    assert all(f"differ in {name}" in message for name in ("size", "intensity", "modality"))
    assert "16 and 8" in message


@pytest.mark.parametrize("column", ["sample_id", "patient"])
def test_what_is_trained_on_in_one_domain_and_held_out_in_the_other_is_refused(make_store, tmp_path, column):
    own = [{"sample_id": f"a-{i}", "patient": f"a-{i}"} for i in range(12)]
    other = [{"sample_id": f"b-{i}", "patient": f"b-{i}"} for i in range(12)]
    first = make_store(own, path=tmp_path / "first")
    held_out = make_store([*other, {**other[0], "split": "test", column: own[0][column]}], path=tmp_path / "second")
    with pytest.raises(UserError, match=r"trained on in one domain and held out in the other: got 1"):
        open_domains(first, target=held_out)
    together = make_store([*other, {**other[0], "split": "train", column: own[0][column]}], path=tmp_path / "third")
    assert open_domains(first, target=together)


def test_a_domain_keeps_to_its_store(make_store):
    store = make_store(THREE)
    a, _ = open_domains(store, ("well", "sick"))
    assert replace(a, members=~a.members).indices("train").size == len(store.indices("train")) - a.indices("train").size
