import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tests.conftest import TINY

from ganoscope.alarms import load_alarms
from ganoscope.data.feeding.augment import MR, UNKNOWN, Policy, draw_factors
from ganoscope.data.feeding.feed import feed_images
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, load_json
from ganoscope.training import feeding
from ganoscope.training import session as run_module
from ganoscope.training.config import TrainConfig
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import Place, choose_precision
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.training.run_folder.history import load_history
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.training.session import Session
from ganoscope.workflows.train import train

CONFIG = TrainConfig(images=320, batch_size=16, tick_images=80)
FED = replace(CONFIG, images=160, augment="safe", balance=True)
WEIGHTS = ("networks.safetensors", "averages.safetensors", "optimizers.safetensors")


def digests(run):
    return [compute_sha256(list_checkpoints(run)[-1] / name) for name in WEIGHTS]


def test_the_run_folder_holds_what_the_design_says(tiny_run, phantom_store):
    record = load_record(tiny_run)
    assert record.train.images == 320
    assert record.store_fingerprint == load_json(phantom_store / "store.json")["fingerprint"]
    assert len(record.sample_ids) == 96
    assert record.versions["torch"] == torch.__version__
    assert [folder.name for folder in list_checkpoints(tiny_run)] == ["0000000240", "0000000320"]
    assert {path.name for path in (tiny_run / "samples").iterdir()} >= {"0000000000.png", "0000000320.png", "real.png"}
    assert len((tiny_run / "history.csv").read_text().splitlines()) == 21
    assert not list(tiny_run.rglob("*.partial"))


def test_nothing_but_safetensors_and_json_is_in_a_checkpoint(tiny_run):
    suffixes = {path.suffix for path in (tiny_run / "checkpoints").rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json"}


def test_the_same_call_again_changes_nothing(tiny_run, phantom_store, tmp_path):
    copy = shutil.copytree(tiny_run, tmp_path / "run")
    before = digests(copy)
    train("dcgan", phantom_store, copy, CONFIG, method_config=TINY)
    assert digests(copy) == before


def test_two_runs_of_one_seed_are_identical_and_of_another_are_not(tiny_run, phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "same", CONFIG, method_config=TINY)
    train("dcgan", phantom_store, tmp_path / "other", replace(CONFIG, seed=1), method_config=TINY)
    assert digests(tmp_path / "same") == digests(tiny_run) != digests(tmp_path / "other")


def test_a_longer_training_goes_on_as_if_it_had_been_asked_for_at_once(tiny_run, phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=160), method_config=TINY)
    train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    assert digests(tmp_path / "run") == digests(tiny_run)


@pytest.mark.parametrize("kills", [1, 3])
def test_a_killed_run_ends_with_bit_identical_weights(tiny_run, phantom_store, tmp_path, kills):
    """SIGKILL at random moments, also inside writes; the same command afterwards."""
    script = (
        "import torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; from tests.conftest import TINY\n"
        "from ganoscope.training.config import TrainConfig; from ganoscope.workflows.train import train\n"
        f"store, run = Path({str(phantom_store)!r}), Path({str(tmp_path / 'run')!r})\n"
        f"train('dcgan', store, run, {CONFIG!r}, method_config=TINY)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
        wait_for(tmp_path / "run" / "checkpoints", process)
        time.sleep(rng.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
    train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    assert digests(tmp_path / "run") == digests(tiny_run)
    rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert [int(row.split(",")[0]) for row in rows[1:]] == list(range(16, 321, 16))


def wait_for(path, process):
    while not path.exists() and process.poll() is None:
        time.sleep(0.02)


def test_ctrl_c_saves_and_says_how_to_go_on(tiny_run, phantom_store, tmp_path, monkeypatch):
    original = run_module.Session._step

    def interrupt_at_112(session):
        terms = original(session)
        if session.images_seen == 112:
            signal.raise_signal(signal.SIGINT)
        return terms

    monkeypatch.setattr(run_module.Session, "_step", interrupt_at_112)
    with pytest.raises(UserError, match="stopped after 112 of 320 images; everything is saved"):
        train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    monkeypatch.undo()
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000112"
    begun = load_record(tmp_path / "run")
    train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    assert digests(tmp_path / "run") == digests(tiny_run)
    train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)  # nothing is left to do
    record = load_record(tmp_path / "run")
    assert record.started == begun.started
    assert [one["images_at_start"] for one in record.sessions] == [0, 112]
    history = load_history(tmp_path / "run")
    assert history["images"].tolist() == list(range(16, 321, 16))
    assert (np.diff(history["seconds"]) >= 0).all()


def test_a_second_training_of_a_run_is_refused_while_it_goes_on(phantom_store, tmp_path, monkeypatch):
    original, told = run_module.Session._step, []

    def train_again(session):
        with pytest.raises(UserError, match=r"run is being written by another process: got process \d+ on .* since"):
            train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
        told.append(session.images_seen)
        return original(session)

    monkeypatch.setattr(run_module.Session, "_step", train_again)
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=32), method_config=TINY)
    assert told == [0, 16]
    assert load_history(tmp_path / "run")["images"].tolist() == [16, 32]


@pytest.mark.parametrize("harm", ["shortened", "overwritten"])
def test_a_store_that_changes_under_a_run_ends_it_without_a_checkpoint_of_the_change(
    tiny_run, phantom_store, tmp_path, monkeypatch, harm
):
    store, original = tmp_path / "store", run_module.Session._step
    shutil.copytree(phantom_store, store)
    content = (store / "images.npy").read_bytes()

    def change_at_112(session):
        if session.images_seen == 112:
            half = len(content) // 2
            (store / "images.npy").write_bytes(content[:half] + (b"\0" * half if harm == "overwritten" else b""))
        return original(session)

    monkeypatch.setattr(run_module.Session, "_step", change_at_112)
    with pytest.raises(UserError, match="was changed while it was in use"):
        train("dcgan", store, tmp_path / "run", CONFIG, method_config=TINY)
    monkeypatch.undo()
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000080"
    with pytest.raises(UserError, match=r"does not fit its store|is damaged|was changed after it was written"):
        train("dcgan", store, tmp_path / "run", CONFIG, method_config=TINY)
    (store / "images.npy").write_bytes(content)
    train("dcgan", store, tmp_path / "run", CONFIG, method_config=TINY)
    assert digests(tmp_path / "run") == digests(tiny_run)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_several_processes_saves_and_ends_in_words(phantom_store, tmp_path, number):
    options = ["--images", "64000", "--devices", "2", "--batch-size", "16", "--tick-images", "32000"]
    small = ["--generator-channels", "4", "--discriminator-channels", "4", "--latent-dim", "8"]
    command = ["-m", "ganoscope", "train", "dcgan", phantom_store, tmp_path / "run", *options, *small]
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "run" / "history.csv", process)
    process.send_signal(number)
    told = process.communicate(timeout=100)[1]
    assert process.returncode == 128 + number, told
    assert "everything is saved" in told and "Traceback" not in told
    assert int(list_checkpoints(tmp_path / "run")[-1].name) == load_history(tmp_path / "run")["images"][-1] > 0
    assert not list(tmp_path.glob(".*lock"))


def test_a_full_disk_in_the_middle_of_a_checkpoint_leaves_the_last_good_one(
    tiny_run, phantom_store, tmp_path, monkeypatch
):
    original = run_module.save_checkpoint

    def full_at_160(run, images_seen, state):
        if images_seen == 160:
            with monkeypatch.context() as inner:
                inner.setattr("ganoscope.training.run_folder.checkpoint.save_file", raise_no_space)
                return original(run, images_seen, state)
        return original(run, images_seen, state)

    monkeypatch.setattr(run_module, "save_checkpoint", full_at_160)
    with pytest.raises(OSError, match="No space left"):
        train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    monkeypatch.undo()
    assert [folder.name for folder in list_checkpoints(tmp_path / "run")] == ["0000000000", "0000000080"]
    assert not list((tmp_path / "run" / "checkpoints").glob(".*"))
    train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    assert digests(tmp_path / "run") == digests(tiny_run)


def raise_no_space(_tensors, path):
    Path(path).write_bytes(b"half")
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_a_diverging_loss_ends_the_run_with_its_last_good_checkpoint(phantom_store, tmp_path, monkeypatch):
    original = run_module.Session._step

    def poison_at_112(session):
        if session.images_seen == 96:
            with torch.no_grad():
                next(session.method.G.parameters()).fill_(math.nan)
        return original(session)

    monkeypatch.setattr(run_module.Session, "_step", poison_at_112)
    with pytest.raises(UserError, match=r"not finite after 112 images: discriminator\.fake = nan"):
        train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY)
    newest = list_checkpoints(tmp_path / "run")[-1]
    assert newest.name == "0000000080"
    assert all(bool(tensor.isfinite().all()) for tensor in load_file(newest / WEIGHTS[0]).values())


@pytest.mark.parametrize("name", [*WEIGHTS, "state.json"])
def test_a_damaged_checkpoint_is_refused_with_the_way_out(tiny_run, phantom_store, tmp_path, name):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    path = run / "checkpoints" / "0000000320" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"0000000320.*(is damaged|remove the folder)"):
        train("dcgan", phantom_store, run, CONFIG, method_config=TINY)
    with pytest.raises(UserError, match="0000000320"):
        open_run(run)
    shutil.rmtree(path.parent)
    train("dcgan", phantom_store, run, CONFIG, method_config=TINY)
    assert digests(run) == digests(tiny_run)


def test_a_store_changed_since_is_refused(tiny_run, phantom_store, tmp_path):
    store = shutil.copytree(phantom_store, tmp_path / "store")
    with (store / "images.npy").open("r+b") as file:
        file.seek(5000)
        file.write(b"\x07\x07\x07")
    with pytest.raises(UserError, match="was changed after it was written"):
        train("dcgan", store, tmp_path / "run", CONFIG, method_config=TINY)
    assert not (tmp_path / "run").exists()


def test_a_run_of_another_store_and_setting_is_refused_with_all_differences(tiny_run, phantom_store, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    record = load_json(run / "run.json")
    record["store_fingerprint"] = "0" * 64
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(UserError) as caught:
        train("dcgan", phantom_store, run, replace(CONFIG, seed=5), method_config=replace(TINY, latent_dim=9))
    message = str(caught.value)
    assert "belongs to another store" in message
    assert "seed 0; got 5" in message
    assert "latent_dim 8; got 9" in message


def test_a_folder_with_other_content_is_not_taken_for_a_run(phantom_store, tmp_path):
    (tmp_path / "thesis.docx").write_text("precious")
    with pytest.raises(UserError, match="is not empty and holds no run"):
        train("dcgan", phantom_store, tmp_path, CONFIG, method_config=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_fewer_images_than_a_batch_are_refused(phantom_store, tmp_path):
    with pytest.raises(UserError, match=r"got 96; allowed: 128 \(one batch\) or more\. Lower"):
        train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, batch_size=128), method_config=TINY)


def test_all_faults_of_a_configuration_are_told_at_once():
    with pytest.raises(UserError) as caught:
        TrainConfig(images=0, batch_size=0, devices=0, epochs=-1)
    assert len(str(caught.value).splitlines()) == 4


def test_bf16_is_chosen_only_where_asked_or_native():
    assert choose_precision("fp32", "cpu") == "fp32"
    assert choose_precision("bf16", "cpu") == "bf16"
    assert choose_precision("auto", "cpu") in ("fp32", "bf16")


@pytest.fixture(scope="module")
def fed_run(phantom_store, tmp_path_factory):
    """A run with augmentation and balanced classes. Not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "fed"
    train("dcgan", phantom_store, path, FED, method_config=TINY)
    return path


def test_an_augmented_and_balanced_run_resumes_as_if_it_had_never_stopped(fed_run, phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "run", replace(FED, images=80), method_config=TINY)
    train("dcgan", phantom_store, tmp_path / "run", FED, method_config=TINY)
    assert digests(tmp_path / "run") == digests(fed_run)


@pytest.mark.parametrize("change", [{"augment": "none"}, {"balance": False}])
def test_augmentation_and_balance_each_make_a_difference_and_cannot_change_within_a_run(
    fed_run, phantom_store, tmp_path, change
):
    train("dcgan", phantom_store, tmp_path / "run", replace(FED, **change), method_config=TINY)
    assert digests(tmp_path / "run") != digests(fed_run)
    with pytest.raises(UserError, match=next(iter(change))):
        train(
            "dcgan",
            phantom_store,
            shutil.copytree(fed_run, tmp_path / "copy"),
            replace(FED, **change),
            method_config=TINY,
        )


def test_the_pixels_may_lie_in_device_memory_or_not(fed_run, phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "feed_images", lambda *arguments: feed_images(*arguments, hold=True))
    train("dcgan", phantom_store, tmp_path / "run", FED, method_config=TINY)
    assert digests(tmp_path / "run") == digests(fed_run)


def collect_images(session, steps, monkeypatch):
    """The real images that a session trains on, without training."""
    seen = []
    monkeypatch.setattr(run_module, "train_step", lambda _, batch, *__: seen.append(batch.real) or {})
    monkeypatch.setattr(session, "averages", {})
    for _ in range(steps):
        session._step()
    return torch.stack(seen)


def test_processes_see_what_one_process_sees_augmentation_included(phantom_store, tmp_path, monkeypatch):
    record = prepare_run("dcgan", TINY, phantom_store, tmp_path / "run", FED)
    places = [Place(torch.device("cpu")), *(Place(torch.device("cpu"), rank, 2) for rank in (0, 1))]
    monkeypatch.setattr(run_module, "distribute", lambda phase, _: phase)
    whole, *shares = (collect_images(Session(record, tmp_path / "run", p), 5, monkeypatch) for p in places)
    for rank, share in enumerate(shares):
        torch.testing.assert_close(share, whole[:, rank::2], atol=1e-6, rtol=0)


def test_the_record_says_what_augmentation_was_done(fed_run, tiny_run, phantom_store, tmp_path):
    modality = Store.open(phantom_store).modality
    assert load_record(fed_run).augmentation == (MR if modality == "MR" else UNKNOWN)
    assert load_record(tiny_run).augmentation is None
    own = Policy(mirror=True)
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=32), method_config=TINY, policy=own)
    assert load_record(tmp_path / "run").augmentation == own
    with pytest.raises(UserError, match=r"augmentation Policy\(.*mirror=True.*; got None"):
        train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=32), method_config=TINY)


def test_a_policy_of_ones_own_reaches_the_networks(phantom_store, tmp_path, monkeypatch):
    collected = []
    for name, policy in (("plain", None), ("mirrored", Policy(mirror=True))):
        record = prepare_run("dcgan", TINY, phantom_store, tmp_path / name, CONFIG, policy)
        collected.append(collect_images(Session(record, tmp_path / name, Place(torch.device("cpu"))), 3, monkeypatch))
    plain, mirrored = (images.flatten(0, 1) for images in collected)
    flipped = torch.from_numpy(draw_factors(0, 0, 48)[:, 4] < 0)
    assert 10 < int(flipped.sum()) < 38
    torch.testing.assert_close(mirrored[~flipped], plain[~flipped], atol=1e-5, rtol=0)
    torch.testing.assert_close(mirrored[flipped], plain[flipped].flip(-1), atol=1e-5, rtol=0)


def test_intensity_operations_on_hu_are_refused(phantom_store, tmp_path, monkeypatch):
    store = Store.open(phantom_store)
    monkeypatch.setattr(Store, "open", lambda _: replace(store, intensity=replace(store.intensity, unit="HU")))
    monkeypatch.setattr(Store, "verify", lambda _: None)
    with pytest.raises(UserError, match=r"on HU: got Policy.*geometry alone"):
        train("dcgan", phantom_store, tmp_path / "run", CONFIG, method_config=TINY, policy=MR)
    assert not (tmp_path / "run").exists()


def test_balancing_without_classes_and_too_few_images_are_refused_together(phantom_store, tmp_path, monkeypatch):
    labels = np.array([""] * 3 + ["one"] * 141)
    column = Store.column
    monkeypatch.setattr(Store, "column", lambda store, name: labels if name == "label" else column(store, name))
    with pytest.raises(UserError) as caught:
        train("dcgan", phantom_store, tmp_path / "run", replace(FED, batch_size=128), method_config=TINY)
    assert "too few training images" in str(caught.value)
    assert "--balance needs the class of every training image: got 1 classes" in str(caught.value)


def test_balancing_that_changes_the_prevalence_raises_an_alarm(fed_run, phantom_store, tmp_path, monkeypatch):
    labels = np.array((["rare"] + ["common"] * 3) * 36)
    column = Store.column
    monkeypatch.setattr(Store, "column", lambda store, name: labels if name == "label" else column(store, name))
    counts = np.unique(labels[Store.open(phantom_store).indices("train")], return_counts=True)[1]
    train("dcgan", phantom_store, tmp_path / "run", replace(FED, images=32), method_config=TINY)
    (alarm,) = (alarm for alarm in load_alarms(tmp_path / "run" / "alarms.json") if alarm.code == "prevalence_changed")
    assert alarm.severity == "warning"
    assert alarm.evidence["repeats"] == round(counts.max() / counts.min(), 3)
    assert alarm.evidence["last_images"] == 32
    assert "An image of rare is shown" in alarm.message
    assert "prevalence_changed" not in {alarm.code for alarm in load_alarms(fed_run / "alarms.json")}  # equal classes


def test_a_warmup_longer_than_the_training_is_refused(phantom_store, tmp_path):
    with pytest.raises(UserError, match="--warmup-images is longer than the training: got 100; allowed: up to 32"):
        train(
            "dcgan",
            phantom_store,
            tmp_path / "run",
            replace(FED, balance=False, images=32, warmup_images=100),
            method_config=TINY,
        )


def test_a_run_of_an_earlier_version_still_loads_and_goes_on(tiny_run, phantom_store, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    record = load_json(run / "run.json")
    del record["augmentation"], record["train"]["augment"], record["train"]["balance"]
    (run / "run.json").write_text(json.dumps(record))
    assert load_record(run) == load_record(tiny_run)
    train("dcgan", phantom_store, run, replace(CONFIG, images=336), method_config=TINY)
    assert list_checkpoints(run)[-1].name == "0000000336"


@pytest.mark.slow
def test_two_processes_train_together_and_agree(phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, devices=2, images=160), method_config=TINY)
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000160"
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 11
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, devices=2, images=192), method_config=TINY)
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000192"


@pytest.mark.parametrize("mode", ["fixed", "adaptive"])
def test_a_run_whose_discriminator_sees_augmented_images_resumes_exactly(phantom_store, tmp_path, mode):
    config = TrainConfig(images=1088, batch_size=16, tick_images=544, diff_augment=mode)
    train("dcgan", phantom_store, tmp_path / "whole", config, method_config=TINY)
    shutil.copytree(tmp_path / "whole", tmp_path / "resumed")
    shutil.rmtree(list_checkpoints(tmp_path / "resumed")[-1])
    train("dcgan", phantom_store, tmp_path / "resumed", config, method_config=TINY)
    assert digests(tmp_path / "resumed") == digests(tmp_path / "whole")
    kept = load_file(list_checkpoints(tmp_path / "whole")[-1] / WEIGHTS[0])["augmentation.probability"]
    assert kept == 0.5 if mode == "fixed" else 0 <= kept <= 0.8
    noted = load_history(tmp_path / "resumed").get("diff_augment.probability")
    assert noted is None if mode == "fixed" else noted[-1] == pytest.approx(float(kept))
    train("dcgan", phantom_store, tmp_path / "plain", replace(config, diff_augment="none"), method_config=TINY)
    assert digests(tmp_path / "plain") != digests(tmp_path / "whole")
    assert open_run(tmp_path / "whole").networks.keys() == {"G", "D"}
