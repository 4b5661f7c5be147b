"""Conditional methods learn what a class looks like: a judge that knows other phantoms tells what they were asked for.

Minutes of training are too few for good images. `benchmarks/label_agreement.py`, whose steps these are, measures what
longer trainings reach.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganoscope.data.phantoms.phantom_store import PhantomConfig

BENCHMARK = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "label_agreement.py")))
MODALITY, NUMBER, SIZE = "cxr", 3000, 32
EXACT = {"device": "cpu", "precision": "fp32"}
NARROW = {"generator_channels": 32, "discriminator_channels": 32}
TRAININGS = {"cgan": {"images": 16_000, "batch_size": 16}, "r3gan": {"images": 9_600}}
"""One minute for both, on one core."""
LEAST_SHARE = 0.45
"""Of three classes: chance is 0.33."""

pytestmark = pytest.mark.slow


def make_store(path, seed):
    return BENCHMARK.open_phantoms(path, PhantomConfig(MODALITY, NUMBER, SIZE, seed))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("phantoms") / "store", seed=0)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    return BENCHMARK.train_judge(make_store(folder / "store", seed=1), folder / "run", epochs=8, **EXACT)


@pytest.mark.parametrize("name", TRAININGS)
def test_a_judge_sees_the_requested_class_more_often_than_by_chance(name, store, judge, tmp_path):
    fixed = {**EXACT, "memory_format": "channels_last", "compile": "no"}
    run = BENCHMARK.train_generator(name, store, tmp_path / "run", NARROW, **fixed, **TRAININGS[name])
    found = BENCHMARK.measure_run(run, judge, store, per_class=200)
    assert {part.images for part in found.generated_by_class.values()} == {200}
    assert found.real.low > 0.9
    assert found.generated.low > LEAST_SHARE
