"""Named arrays in files: equal bytes for equal arrays, nothing executable, damage is named."""

import numpy as np
import pytest

from ganoscope.data.arrays import load_arrays, save_arrays
from ganoscope.errors import UserError


def test_arrays_are_read_back_and_equal_arrays_give_equal_bytes(tmp_path):
    arrays = {"part/values": np.arange(6.0).reshape(2, 3), "part/names": np.array(["a", "ü"])}
    for name in ("one.npz", "two.npz"):
        save_arrays(tmp_path / name, arrays)
    again = load_arrays(tmp_path / "one.npz", "")
    assert list(again) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(again[name], values)
        assert again[name].dtype == values.dtype
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_missing_damaged_and_pickled_files_are_refused_with_the_remedy(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 cut off")
    np.savez(tmp_path / "pickled.npz", objects=np.array([{}], object))
    for name in ("absent.npz", "cut.npz", "pickled.npz"):
        with pytest.raises(UserError, match=r"is missing or damaged: .* Do it again\."):
            load_arrays(tmp_path / name, "Do it again.")


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("x", np.zeros(0), r"x has shape \(0,\), not \(3,\)"),
        ("x", np.zeros((3, 2)), r"x has shape \(3, 2\), not"),
        ("x", np.array(["a", "b", "c"]), "x holds <U1, not numbers"),
        ("ids", np.zeros(3), "ids holds float64, not texts"),
        ("x", None, "x is missing"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_damage(tmp_path, name, array, words):
    arrays = {"ids": np.array(["p", "q", "r"]), "x": np.zeros(3), "table": np.zeros((3, 2)), name: array}
    save_arrays(tmp_path / "a.npz", {key: value for key, value in arrays.items() if value is not None})
    shapes = {"ids": "text N", "x": "number N", "table": "number N K"}
    with pytest.raises(UserError, match=words):
        load_arrays(tmp_path / "a.npz", "Make it again.", shapes)


def test_half_of_a_pair_of_code_units_is_damage(tmp_path):
    np.savez(tmp_path / "a.npz", classes=np.array(["well", "\ud800"]))
    with pytest.raises(UserError, match=r"a\.npz is missing or damaged: .*surrogates not allowed"):
        load_arrays(tmp_path / "a.npz", "Make it again.")
