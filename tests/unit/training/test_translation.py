"""Runs of methods that learn from two domains: what they are fed, what they write, how they resume."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.methods import dcgan
from ganoscope.methods.cyclegan import Config
from ganoscope.training.config import TrainConfig
from ganoscope.training.feeding import open_feed
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import Place
from ganoscope.training.run_folder.checkpoint import newest_checkpoint
from ganoscope.training.run_folder.record import load_record
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.train import train

SMALL = Config(generator_channels=4, discriminator_channels=4, history_images=4)
CONFIG = TrainConfig(
    images=24, batch_size=2, tick_images=8, domains=("glioma", "healthy"), device="cpu", precision="fp32"
)


@pytest.fixture(scope="module")
def classes(phantom_store):
    names = sorted(set(Store.open(phantom_store).column("label").tolist()))
    assert len(names) == 3
    return names[0], names[1]


@pytest.fixture(scope="module")
def config(classes):
    return replace(CONFIG, domains=classes)


@pytest.fixture(scope="module")
def run(phantom_store, config, tmp_path_factory):
    path = tmp_path_factory.mktemp("translation") / "run"
    train("cyclegan", phantom_store, path, config, method_config=SMALL)
    return path


def digests(run: Path):
    return json.loads((newest_checkpoint(run) / "state.json").read_text())["sha256"]


def read_batches(record, store, count, place=None, seen=0):
    feed = open_feed(record, store, place or Place(torch.device("cpu")), seen)
    return [feed.read(seen + record.train.batch_size * step) for step in range(count)]


def test_a_run_says_what_it_translates_and_shows_it(run, phantom_store, classes):
    record = load_record(run)
    store = Store.open(phantom_store)
    assert record.domains == record.spec.domains == classes
    labels = dict(zip(store.column("sample_id").tolist(), store.column("label").tolist(), strict=True))
    assert {labels[name] for name in record.sample_ids} == set(classes)
    assert len(list((run / "samples").glob("*.png"))) == 4
    assert {path.name for path in newest_checkpoint(run).iterdir()} >= {"averages.safetensors"}


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(run, phantom_store, config, tmp_path):
    train("cyclegan", phantom_store, tmp_path / "run", replace(config, images=16), method_config=SMALL)
    train("cyclegan", phantom_store, tmp_path / "run", config, method_config=SMALL)
    assert digests(tmp_path / "run") == digests(run)


def test_each_domain_is_fed_from_its_own_class_alone_and_unpaired(phantom_store, config, classes, tmp_path):
    record = prepare_run("cyclegan", SMALL, phantom_store, tmp_path / "run", config)
    store = Store.open(phantom_store)
    known = {
        name: store.load_images(np.intersect1d(store.indices("train"), np.flatnonzero(store.column("label") == name)))
        for name in classes
    }
    batches = read_batches(record, store, 60)
    for side, name in zip(("a", "b"), classes, strict=True):
        seen = torch.cat([getattr(batch, side) for batch in batches]).numpy()
        places = [np.flatnonzero((known[name] == image).all(axis=(1, 2, 3))) for image in seen]
        assert all(len(place) for place in places)
        assert len({int(place[0]) for place in places}) == len(known[name])
    orders = [torch.cat([getattr(b, side) for b in batches[:20]]).sum((1, 2, 3)).argsort().tolist() for side in "ab"]
    assert orders[0] != orders[1]


def test_processes_share_out_what_one_process_sees(phantom_store, config, tmp_path):
    record = prepare_run("cyclegan", SMALL, phantom_store, tmp_path / "run", replace(config, augment="safe"))
    store = Store.open(phantom_store)
    whole, *shares = (
        read_batches(record, store, 4, Place(torch.device("cpu"), *where)) for where in ((0, 1), (0, 2), (1, 2))
    )
    for rank, share in enumerate(shares):
        for batch, part in zip(whole, share, strict=True):
            torch.testing.assert_close(part.a, batch.a[rank::2], atol=1e-6, rtol=0)
            torch.testing.assert_close(part.b, batch.b[rank::2], atol=1e-6, rtol=0)


def test_pixels_that_the_scanner_did_not_measure_are_told(tmp_path):
    phantom(tmp_path / "ct", PhantomConfig(modality="ct", number=144, size=32))
    store = Store.open(tmp_path / "ct")
    names = tuple(sorted(set(store.column("label").tolist()))[:2])
    images = np.load(tmp_path / "ct" / "images.npy", mmap_mode="r+")
    images[:, :3] = PADDING_HU
    images.flush()
    store = Store.open(tmp_path / "ct")
    plain = prepare_run_unverified(store, tmp_path / "plain", names, "none")
    moved = prepare_run_unverified(store, tmp_path / "moved", names, "safe")
    low, high = store.intensity.low, store.intensity.high
    assert plain.spec.hu_range == (low, high)
    (batch,) = read_batches(plain, store, 1)
    assert not batch.measured_a[:, :, :3].any()
    assert batch.measured_a[:, :, 3:].all()
    (batch,) = read_batches(moved, store, 1)
    assert 0 < (~batch.measured_b).float().mean() < 0.5
    assert (batch.b[~batch.measured_b] < 1).all()


def prepare_run_unverified(store, path, names, augment):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "verify", lambda _: None)
        config = replace(CONFIG, domains=names, augment=augment)
        return prepare_run("cyclegan", SMALL, store.path, path, config)


def test_grey_values_are_measured_everywhere(phantom_store, config, tmp_path):
    record = prepare_run("cyclegan", SMALL, phantom_store, tmp_path / "run", config)
    (batch,) = read_batches(record, Store.open(phantom_store), 1)
    assert (batch.measured_a, batch.measured_b, record.spec.hu_range) == (None, None, None)


def test_two_stores_are_two_domains(phantom_store, config, tmp_path, monkeypatch):
    phantom(tmp_path / "other", PhantomConfig(modality="mri", number=72, size=32, seed=9))
    manifest = tmp_path / "other" / "manifest.csv"
    two = replace(config, domains=None, target_store=str(tmp_path / "other"))
    with pytest.raises(UserError, match="trained on in one domain and held out in the other"):
        train(
            "cyclegan", phantom_store, tmp_path / "run", two, method_config=SMALL
        )  # phantoms of two seeds share their names
    manifest.write_text(manifest.read_text().replace("phantom-", "other-"))
    with pytest.raises(UserError, match="changed"):
        train("cyclegan", phantom_store, tmp_path / "run", two, method_config=SMALL)
    monkeypatch.setattr(Store, "verify", lambda _: None)
    train("cyclegan", phantom_store, tmp_path / "run", two, method_config=SMALL)
    record = load_record(tmp_path / "run")
    assert len(record.domains) == 2
    assert record.target_fingerprint == Store.open(tmp_path / "other").fingerprint
    assert any(name.startswith("other-") for name in record.sample_ids)


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        ("cyclegan", {"balance": True}, "--balance does not suit a translation"),
        ("cyclegan", {"diff_augment": "fixed"}, "--diff-augment does not suit a translation"),
        ("dcgan", {}, "--domains is for methods that translate"),
        ("dcgan", {"domains": None, "batch_size": 1}, "--batch-size is too small"),
        ("dcgan", {"domains": None, "target_store": "elsewhere"}, "--target-store is for methods that translate"),
        ("cyclegan", {"batch_size": 80}, "too few training images"),
    ],
)
def test_options_of_the_other_kind_of_method_are_refused(phantom_store, config, tmp_path, method, change, message):
    own = {"cyclegan": SMALL, "dcgan": dcgan.Config()}[method]
    with pytest.raises(UserError, match=message):
        train(method, phantom_store, tmp_path / "run", replace(config, **change), method_config=own)
    assert not (tmp_path / "run").exists()


def test_domains_can_not_change_within_a_run(run, phantom_store, config, classes):
    with pytest.raises(UserError, match="domains"):
        train("cyclegan", phantom_store, run, replace(config, domains=classes[::-1]), method_config=SMALL)


def test_a_batch_of_one_image_is_enough(phantom_store, config, tmp_path):
    train(
        "cyclegan",
        phantom_store,
        tmp_path / "run",
        replace(config, images=3, batch_size=1, tick_images=3),
        method_config=SMALL,
    )
    assert newest_checkpoint(tmp_path / "run").name == f"{3:010d}"
