"""Training patients of another tool, declared in a file: counted in every split, refused where they are not known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import FILE, freeze, make_design
from ganoscope.studies.judgement import list_warnings
from ganoscope.studies.refusals.declared_patients import read_names
from ganoscope.workflows.phantom import phantom

ARMS = ("baseline", "external")


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Images of another tool."""
    folder = tmp_path_factory.mktemp("made") / "store"
    phantom(folder, PhantomConfig(modality="mri", number=150, size=32, seed=7))
    return folder


@pytest.fixture
def declare(made, tmp_path):
    """Options of a study whose tool has seen the names in a file."""

    def write(*lines, name="seen.txt"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        options = {"arms": ARMS, "families": ("random_features",), "repeats": 3, "folds": 2}
        return StudyConfig(**options, synthetic=made, synthetic_patients=str(path))

    return write


def find_groups(store, name):
    """Groups of the patient or image of a name."""
    named = (store.column("patient") == name) | (store.column("sample_id") == name)
    return {*store.column("group")[named].tolist()}


def test_declared_patients_that_a_split_holds_out_are_told_first_with_the_largest_number(store, declare):
    _, cohort, splits = make_design(store, declare("sample_id", store.column("sample_id")[0]))
    groups = store.column("group")[cohort.positions]
    seen = np.unique(groups)[:9].tolist()
    design = make_design(store, declare("group", *seen))[0]
    largest = max(len({*seen} & {*groups[parts == "test"].tolist()}) for parts in splits)
    assert design.declared_groups == largest > 1
    told = list_warnings(design)
    assert told[0].startswith(f"Leaky: the tool behind --synthetic was trained, as declared, on up to {largest} of the")
    assert not any("Unverifiable" in one for one in told)


@pytest.mark.parametrize("column", ["sample_id", "patient", "group"])
def test_names_of_each_column_are_found_in_a_table_with_others(column, store, declare):
    names = store.column(column)[store.indices("train")][:20]
    lines = [f"note,{column}", *(f"x,{name}" for name in names)]
    assert make_design(store, declare(*lines, name="seen.csv"))[0].declared_groups > 0


def test_patients_of_the_test_split_leak_nothing_into_the_study(store, declare):
    outside = np.unique(store.column("group")[store.indices("test")]).tolist()
    design = make_design(store, declare("group", *outside))[0]
    assert design.declared_groups == 0
    assert not any(one.startswith(("Leaky", "Unverifiable")) for one in list_warnings(design))


def test_names_that_the_store_does_not_have_are_refused_by_their_lines(store, declare):
    config = declare(store.column("sample_id")[0], "Jane Doe", "another")
    with pytest.raises(UserError, match=r"does not have: got 2 names of 3, the first in line 2;") as told:
        make_design(store, config)
    assert "Jane" not in str(told.value)


@pytest.mark.parametrize(
    ("lines", "fault"), [(["sample_id"], "names nobody"), ([""], "names nobody"), (["a,b"], "no column that is known")]
)
def test_a_file_without_names_is_refused(lines, fault, store, declare):
    with pytest.raises(UserError, match=fault):
        make_design(store, declare(*lines))


def test_the_file_is_part_of_the_design_and_its_place_is_not(store, declare, tmp_path):
    name = store.column("sample_id")[store.indices("train")][0]
    config = declare("sample_id", name)
    parts = make_design(store, config)
    freeze(tmp_path / "study", parts[0], store, *parts[1:])
    frozen = (tmp_path / "study" / FILE).read_text()
    assert str(tmp_path) not in frozen
    assert json.loads(frozen)["design"]["options"]["synthetic_patients"] == "declared"
    assert make_design(store, declare("sample_id", name, name="moved.txt"))[0].sha256 == parts[0].sha256
    other = store.column("sample_id")[store.indices("train")][1]
    with pytest.raises(UserError, match="was frozen with hashes"):
        changed = make_design(store, declare("sample_id", name, other))
        freeze(tmp_path / "study", changed[0], store, *changed[1:])


def test_names_that_may_be_of_two_columns_need_a_header(store, declare):
    """The group that is called like another group's patient or image."""
    groups = store.column("group")
    others = {*store.column("patient").tolist(), *store.column("sample_id").tolist()}
    both = next(name for name in groups.tolist() if name in others and {name} != find_groups(store, name))
    with pytest.raises(UserError, match="names that mean other images in each column"):
        make_design(store, declare(both))
    make_design(store, declare("group", both))


def test_what_is_no_text_is_refused(store, declare, tmp_path):
    config = declare("x")
    (tmp_path / "seen.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="can't be read"):
        make_design(store, config)


def test_names_keep_their_first_lines(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("b\n\na\nb\n")
    assert read_names(path) == ({"b": 1, "a": 3}, ("sample_id", "patient", "group"))


def test_a_file_needs_images_of_another_tool(declare):
    with pytest.raises(UserError, match="--synthetic-patients needs --synthetic"):
        replace(declare("x"), arms=("baseline", "classical"), synthetic=None)
