"""Evidence of measurements: what is there, and what is asked for in vain."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.comparison import Comparison, GeneratedImages, require

GENERATED = GeneratedImages(np.zeros((3, 1, 8, 8), np.float32))


def test_it_tells_what_is_there():
    evidence = Comparison(generated=GENERATED)
    assert evidence.has(frozenset({"generated"}))
    assert evidence.has(frozenset())
    assert not evidence.has(frozenset({"generated", "classifier"}))


def test_what_was_computed_from_other_evidence_is_not_passed_on():
    evidence = Comparison(generated=GENERATED)
    evidence.kept["neighbourhoods"] = "of these images"
    assert replace(evidence, seed=1).kept == {}


def test_what_is_missing_is_named():
    assert require(GENERATED, "generated") is GENERATED
    with pytest.raises(UserError, match="needs held-out input: got none"):
        require(None, "held_out")


def test_real_images_know_their_groups(phantom_store):
    store = Store.open(phantom_store)
    chosen = store.indices("test")
    assert RealImages(store, chosen).groups.tolist() == store.column("group")[chosen].tolist()
