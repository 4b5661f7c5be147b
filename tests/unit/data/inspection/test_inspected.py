"""What an inspection measured and selected: read back as written."""

import json

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.inspection.inspected import compute_findings, load_findings, save_findings
from ganoscope.errors import UserError
from ganoscope.files.tables import save_csv


def test_findings_are_read_back_as_written(tmp_path):
    rows = [{"height_px": 16 + n % 2, "markers": "1 1 2 2" * (n == 3), "coloured": n == 4} for n in range(24)]
    store = write_store(tmp_path / "store", rows)
    pairs = [{"first": "id-0", "second": "id-1", "relation": "exact copy", "correlation": 1.0}]
    save_csv(store.path / "duplicates.csv", pairs[0], pairs)
    found = compute_findings(store, seed=3)
    save_findings(tmp_path / "data", store, found)
    again = load_findings(tmp_path / "data", store)
    assert found.shortcuts
    assert again.shortcuts == found.shortcuts
    assert (again.seed, again.window, again.exhibits.pairs) == (3, found.window, found.exhibits.pairs)
    assert found.exhibits.pairs[0].gravest == ((0, 1),)
    for name in ("markers", "coloured"):
        np.testing.assert_array_equal(getattr(again.exhibits, name), getattr(found.exhibits, name))
    for name in ("sheets", "extremes"):
        one, other = getattr(again.exhibits, name), getattr(found.exhibits, name)
        assert {key: chosen.tolist() for key, chosen in one.items()} == {key: c.tolist() for key, c in other.items()}


def test_findings_of_another_store_are_refused(tmp_path):
    store = write_store(tmp_path / "store", [{} for _ in range(6)])
    save_findings(tmp_path / "data", store, compute_findings(store, seed=0))
    with pytest.raises(UserError, match="is about another store"):
        load_findings(tmp_path / "data", write_store(tmp_path / "other", [{} for _ in range(12)]))


EDITS = {
    "an empty sheet": lambda shown: shown["sheets"].update({next(iter(shown["sheets"])): []}),
    "a sheet that is a text": lambda shown: shown["sheets"].update({next(iter(shown["sheets"])): ""}),
    "an image that is not there": lambda shown: shown["markers"].append("id-99"),
    "an unknown extreme": lambda shown: shown["extremes"].update(tallest=["id-0"]),
    "a pair of one": lambda shown: shown["pairs"][0]["gravest"].append(["id-0"]),
    "a number that is a list": lambda shown: shown["pairs"][0].update(number=[3]),
    "a missing gallery": lambda shown: shown.pop("coloured"),
    "a gallery too many": lambda shown: shown.update(tallest=[]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_galleries_that_were_not_written_like_that_are_damage(tmp_path, edit):
    store = write_store(tmp_path / "store", [{} for _ in range(6)])
    pairs = [{"first": "id-0", "second": "id-1", "relation": "exact copy", "correlation": 1.0}]
    save_csv(store.path / "duplicates.csv", pairs[0], pairs)
    save_findings(tmp_path / "data", store, compute_findings(store, seed=0))
    content = json.loads((tmp_path / "data" / "galleries.json").read_text(encoding="utf-8"))
    EDITS[edit](content["galleries"])
    (tmp_path / "data" / "galleries.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=r"galleries\.json is damaged: "):
        load_findings(tmp_path / "data", store)
