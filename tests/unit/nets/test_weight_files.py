"""Weights are read only where they are whole, finite, and those of the networks."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganoscope.errors import UserError
from ganoscope.nets.weight_files import load_tensors, read_shapes, refuse_other_shapes


@pytest.fixture
def path(tmp_path):
    save_file({"G.weight": torch.ones(2, 3), "G.bias": torch.zeros(2), "count": torch.tensor(4)}, tmp_path / "w.st")
    return tmp_path / "w.st"


def test_what_was_written_is_read(path):
    assert load_tensors(path)["G.weight"].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert read_shapes(path) == {"G.weight": (2, 3), "G.bias": (2,), "count": ()}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused_by_the_tensors_name(path, number):
    save_file({"G.a": torch.ones(4), "G.b": torch.tensor([1.0, number, number])}, path)
    with pytest.raises(UserError, match=r"w\.st holds numbers.*1 of 2 tensors: the first is G\.b, with 2 of 3"):
        load_tensors(path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 40, (8).to_bytes(8, "little") + b"{}", (1 << 62).to_bytes(8, "little") + b"{}" * 20]
)
def test_a_damaged_file_is_told(path, content):
    path.write_bytes(content)
    for read in (load_tensors, read_shapes):
        with pytest.raises(UserError, match=r"weights file .*w\.st can't be read"):
            read(path)


def test_other_shapes_are_refused_before_memory_is_taken(path):
    with torch.device("meta"):
        refuse_other_shapes(path, {"G": nn.Linear(3, 2)})
        with pytest.raises(UserError, match=r"G\.weight has shape \(2, 3\), not \(2, 1000000000000\)"):
            refuse_other_shapes(path, {"G": nn.Linear(10**12, 2)})
        with pytest.raises(UserError, match=r"D\.weight has shape none"):
            refuse_other_shapes(path, {"D": nn.Linear(3, 2)})
