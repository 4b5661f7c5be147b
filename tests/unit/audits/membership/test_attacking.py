"""Which attacks are tried: by evidence, depth and bank; a bank of models that remember is seen to leak."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.fixtures.made_up_stores import write_store

import ganoscope
from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.membership import attacking, bank_statistics
from ganoscope.audits.membership.attacking import attack, load_some
from ganoscope.audits.membership.bank_statistics import fits_run, load_inside, measure_bank
from ganoscope.audits.membership.leak_verdict import conclude, write_bank
from ganoscope.audits.membership.real_sets import gather_sets
from ganoscope.banks.model_table import load_bank
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError
from ganoscope.evaluate.attacks import attack_controls, split_bias
from ganoscope.evaluate.attacks.attack_results import adjust_claims
from ganoscope.evaluate.membership import inversion
from ganoscope.generation import draw_images
from ganoscope.training.run_folder.trained_run import open_run

METHOD = "tests.fixtures.memoriser"
IMAGES = 120


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(attack_controls, "SPLITS", 400)
    monkeypatch.setattr(split_bias, "PERMUTATIONS", 99)
    monkeypatch.setattr(inversion, "STEPS", 2)
    monkeypatch.setattr(inversion, "STARTS", 128)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """120 smooth pictures, each of a patient of its own."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(IMAGES, 32, 32)), (0, 3, 3))
    pixels = np.rint(128 + 40 * noise / noise.std()).clip(0, 255).astype(np.uint8)
    rows = [{"split": "train" if i < IMAGES // 2 else "test", "label": "well"} for i in range(IMAGES)]
    return write_store(tmp_path_factory.mktemp("stores") / "real", rows, pixels)


@pytest.fixture(scope="module")
def bank(store, dotted_names, tmp_path_factory):
    """Eight models, each of which remembers 16 of its 60 images."""
    from ganoscope.registry import state_module

    state_module(METHOD)
    path = tmp_path_factory.mktemp("banks") / "bank"
    ganoscope.bank(store.path, path, ganoscope.BankConfig(method=METHOD, models=8, images=64, number=128))
    return load_bank(path)


def gather(store, **others):
    """An audit of the models' own kind of images, here of the first 100 images of the store itself, altered."""
    images = store.load_images(np.arange(100))[:, :, ::-1].copy()
    synthetic = SyntheticImages(np.arange(100).astype(str), lambda chosen: images[chosen], None, "test", "0")
    members, held_out = (RealImages(store, store.indices(split)) for split in ("train", "test"))
    return AuditEvidence(synthetic, members, held_out, **others)


def try_all(evidence):
    return attack(evidence, gather_sets(evidence.members, evidence.held_out, 0))


@pytest.mark.slow
def test_the_bank_says_who_is_in_which_model(store, bank):
    inside, known = load_inside(bank, store.column("sample_id"))
    assert known.tolist() == list(range(IMAGES))
    assert inside.shape == (IMAGES, 8)
    assert (inside.sum(1) == 4).all()
    assert (inside[:, ::2] != inside[:, 1::2]).all()
    some, places = load_inside(bank, np.array(["nobody", "id-7"]))
    assert places.tolist() == [1]
    assert (some[0] == inside[7]).all()


@pytest.mark.slow
def test_statistics_are_higher_under_models_that_remember_an_image(store, bank):
    images = store.load_images(np.arange(IMAGES))
    inside, _ = load_inside(bank, store.column("sample_id"))
    statistics = measure_bank(bank, images, inside, "cpu")
    density = statistics.by_name["density"]
    assert list(statistics.by_name) == ["density"]  # these models have no discriminator
    for number, model in enumerate(bank.models):
        memory = open_run(bank.path / model.folder / "run").generator.memory.float() / 65_535 * 2 - 1
        remembered = ((images[:, None] - memory.numpy()[None]) ** 2).mean((2, 3, 4)).min(1) < 1e-6
        assert remembered.sum() == 16
        assert inside[remembered, number].all()
        others = density[~remembered, number].max()  # a few of the sixteen may not have been drawn
        assert np.mean(density[remembered, number] > others) > 0.6


@pytest.mark.slow
def test_models_of_a_bank_are_targets_in_turn_and_say_nothing_about_images_from_elsewhere(store, bank):
    attacked = try_all(gather(store, bank=bank))
    assert [one.name for one in attacked.bank_results] == ["bank_density"]
    assert adjust_claims(attacked.bank_results)[0] < 0.05
    assert attacked.bank_results[0].auroc.value > 0.55
    assert "no run was given" in attacked.left_out["shadow_density"]
    assert "Models of the bank leak: bank density has AUC" in write_bank(attacked.bank_results)


@pytest.mark.slow
def test_likelihood_ratios_speak_of_a_run_of_the_banks_kind_alone(store, bank, monkeypatch):
    run = open_run(bank.path / bank.models[0].folder / "run")
    assert not fits_run(bank, None)
    assert not fits_run(bank, run)  # it was trained on another store: its half
    own = replace(run, record=replace(run.record, store_fingerprint=store.fingerprint))
    assert fits_run(bank, own)
    assert not fits_run(bank, replace(own, record=replace(own.record, size=64)))
    assert not fits_run(bank, replace(own, record=replace(own.record, method_config={"latent_dim": 9})))
    images = np.concatenate(list(draw_images(own, 128, 0)))
    evidence = replace(
        gather(store, bank=bank, run=own),
        synthetic=SyntheticImages(np.arange(128).astype(str), lambda chosen: images[chosen], None, "run", "0"),
    )
    attacked = try_all(evidence)
    assert "shadow_density" in [one.name for one in attacked.results]
    assert "method and size" in try_all(replace(evidence, run=run)).left_out["shadow_density"]


@pytest.mark.slow
def test_a_bank_of_another_store_or_of_few_models_is_no_evidence(store, bank):
    frozen = replace(bank.frozen, plan={**bank.frozen.plan, "fingerprint": "other"})
    attacked = try_all(gather(store, bank=replace(bank, frozen=frozen)))
    assert attacked.left_out["shadow_density"] == "the bank is of another store"
    assert attacked.bank_results == []
    assert write_bank(attacked.bank_results) == ""
    with pytest.raises(UserError, match=r"too few models in the bank.*got 4; allowed: 6"):
        try_all(gather(store, bank=replace(bank, models=bank.models[:4])))


@pytest.mark.slow
def test_the_generator_is_inverted_at_depth_full_alone(store, bank):
    run = open_run(bank.path / bank.models[0].folder / "run")
    quick, full = (try_all(gather(store, run=run, depth=depth)) for depth in ("quick", "full"))
    assert "depth full does it" in quick.left_out["inversion"]
    assert "inversion" in [one.name for one in full.results]
    assert full.left_out["discriminator_score"] == "the run has no discriminator"
    assert conclude(quick)[1]


def test_synthetic_images_are_taken_in_blocks_and_at_random_where_there_are_many(store, monkeypatch):
    monkeypatch.setattr(attacking, "BLOCK", 30)
    blocks = list(load_some(gather(store), 70))
    assert [len(block) for block in blocks] == [30, 30, 10]
    assert len(np.unique(np.concatenate(blocks), axis=0)) == 70
    assert len(np.concatenate(list(load_some(gather(store), 1000)))) == 100


def test_blocks_of_a_store_are_its_images(store, monkeypatch):
    monkeypatch.setattr(bank_statistics, "BLOCK", 50)
    loaded = np.concatenate(list(bank_statistics.load_blocks(store)))
    assert (loaded == store.load_images(np.arange(IMAGES))).all()
