"""Heat maps of all arms on the same images."""

import json

import numpy as np

from ganoscope.data.arrays import load_arrays
from ganoscope.data.store import Store
from ganoscope.studies.analysis.arm_grad_cams import find_negative


def test_every_arm_explains_the_same_images(analysed_study, phantom_store):
    out, _ = analysed_study
    record = json.loads((out / "analysis" / "grad_cams.json").read_text())
    arrays = load_arrays(out / "analysis" / "grad_cams.npz", "")
    kinds = [one["kind"] for one in record["subjects"]]
    assert kinds == ["real positive"] * 2 + ["real negative"] * 2 + ["synthetic"] * 2
    assert [one["arm"] for one in record["arms"]] == ["baseline", "augmented", "classical"]
    assert arrays["images"].shape == arrays["maps/augmented"].shape == (6, 32, 32)
    assert np.array_equal(arrays["maps/augmented"], arrays["maps/baseline"]), "one classifier stands for all arms here"
    assert arrays["maps/baseline"].max() > 0
    labels = dict(zip(*(Store.open(phantom_store).column(name) for name in ("sample_id", "label")), strict=True))
    for one in record["subjects"][:4]:
        assert labels[one["sample_id"]] == one["label"]
        assert (one["label"] == record["negative"]) == (one["kind"] == "real negative")
    assert all(0 <= value <= 1 for one in record["arms"] for value in one["probabilities"])


def test_the_negative_class_is_the_healthy_one(phantom_store):
    assert find_negative(Store.open(phantom_store)) == "notumor"
