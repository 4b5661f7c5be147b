"""Every stream gives the numbers that were drawn before it had a name, and no other file makes generators."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from ganoscope import seeds
from ganoscope.seeds import Stream, counter_stream, make_domain_seed, make_torch_seed, stream

SOURCE = Path(__file__).parents[2] / "src" / "ganoscope"
KEYS = {
    "SHORTCUT_GROUPS": 1, "SHORTCUT_RESAMPLES": 2, "SHORTCUT_FOLDS": 3, "SPLITS": 11,
    "AUGMENTATION": 6, "PASSES": 3, "CLASS_PASSES": 4, "CLASS_ORDER": 5, "ADAPTATION": 41, "NOISE": 23, "LABELS": 8,
    "BOOTSTRAP": 31, "DISTANCE_BOOTSTRAP": 43, "RANDOM_NETWORK": 41, "FLOOR_HALVES": 47, "HU_FLOOR_HALVES": 53,
    "DIVERSITY_IMAGES": 31, "DIVERSITY_PAIRS": 37, "SHOWN_ANSWERS": 41, "SUBJECTS": 43, "DISPLACEMENT": 37,
    "DELETION_TIES": 41, "DOMAIN_IMAGES": 59, "MEASURED_IMAGES": 61, "ADDED_PASSES": 67, "OUTER_SPLITS": 71,
    "INNER_SPLITS": 73, "REDUCED_TRAINING": 79, "ARM_IMAGES": 83, "SPLIT_TASKS": 89, "ANALYSED_IMAGES": 97,
    "BANK_HALVES": 101, "BANK_MODELS": 103, "BANK_LABELS": 107, "BANK_SHOWN": 109,
    "METRIC_SPLIT": 161, "METRIC_BATCHES": 162, "METRIC_WEIGHTS": 163, "PATIENT_PAIRS": 164, "ALTERED_COPIES": 165,
    "MEMBERSHIP_IMAGES": 141, "MEMBERSHIP_SPLITS": 142, "MEMBERSHIP_FOLDS": 143, "MEMBERSHIP_LABELS": 144,
    "MEMBERSHIP_BOOTSTRAP": 145, "INVERSION_STARTS": 146, "SYNTHETIC_IMAGES": 147,
    "INFERRED_CLASSES": 166, "NULL_IMAGES": 167, "PLANTED_IMAGES": 168, "SET_DIVISIONS": 169,
    "AUDITED_IMAGES": 151, "PAIRED_IMAGES": 152, "ENSEMBLE_SEEDS": 153, "ENSEMBLE_IMAGES": 154,
    "TISSUE_FLOOR_HALVES": 155, "COPY_NULL": 131, "PLANTED_COPIES": 133,
}  # fmt: skip
WITHOUT_KEY = {
    *("TRAINING_STEP", "CLASSIFIER_STEP", "SAMPLE_NOISE", "TEACHER_BOOTSTRAP"),
    *("CONTACT_SHEET", "INSPECTED_IMAGES", "STRIP_POINTS"),
}
IDENTITIES = {"data/phantoms/__init__.py", "data/phantoms/shapes.py"}
"""Here the key is the phantom's identity: its modality, patient and image; no draw of a program."""


def test_each_stream_is_listed_here_with_the_integer_it_had():
    assert {name.name for name in Stream} == {*KEYS} | WITHOUT_KEY


@pytest.mark.parametrize("path", [(), (7,), (0, 12)])
@pytest.mark.parametrize("seed", [0, 3, 2**40])
@pytest.mark.parametrize("name", Stream, ids=lambda name: name.name)
def test_each_stream_gives_the_numbers_of_the_integer_it_had(name, seed, path):
    expected = np.random.default_rng([seed, *([KEYS[name.name]] if name.name in KEYS else []), *path])
    assert np.array_equal(stream(seed, name, *path).random(5), expected.random(5))


@pytest.mark.parametrize("name", [Stream.CONTACT_SHEET, Stream.SAMPLE_NOISE, Stream.TEACHER_BOOTSTRAP])
def test_a_stream_without_key_and_path_is_that_of_the_seed(name):
    for seed in (0, 5, 20_161_107):
        assert np.array_equal(stream(seed, name).random(3), np.random.default_rng(seed).random(3))


def test_fixed_seeds_are_those_that_published_results_were_made_with():
    assert (seeds.SAMPLE_NOISE_SEED, seeds.TEACHER_SEED, seeds.DOMAIN_OFFSET) == (20_161_107, 0, 1_000_003)
    assert [make_domain_seed(4, domain) for domain in (0, 1)] == [4, 1_000_007]


def test_counter_streams_and_torch_seeds_are_those_of_the_integers():
    key = np.random.SeedSequence([5, 6, 12]).generate_state(2, np.uint64)
    expected = np.random.Generator(np.random.Philox(key=key, counter=40)).random(9)
    assert np.array_equal(counter_stream(5, Stream.AUGMENTATION, (12,), 40).random(9), expected)
    torch_seed = int(np.random.SeedSequence([5, 1, 640]).generate_state(1)[0])
    assert make_torch_seed(5, Stream.TRAINING_STEP, 1, 640) == torch_seed
    torch.manual_seed(torch_seed)


def test_every_stream_is_used_and_says_what_it_draws():
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py") if file.stem != "seeds")
    for name in Stream:
        assert re.search(rf"\bStream\.{name.name}\b", text), name
        assert name.value[1]


def test_no_other_file_makes_random_generators_of_its_own():
    makers = {"default_rng", "SeedSequence", "RandomState", "Philox", "PCG64"}
    for file in SOURCE.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        made = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)} & makers
        assert not made or file.stem == "seeds" or str(file.relative_to(SOURCE)) in IDENTITIES, (file, made)
