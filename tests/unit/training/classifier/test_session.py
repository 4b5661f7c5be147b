"""Training a classifier: a killed call resumes with the same numbers, early stopping, and what is learned."""

import os
import signal

import numpy as np
import pytest
import torch

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.nets.classifiers import load
from ganoscope.statistics.auroc import compute_sklearn_auroc
from ganoscope.training.classifier import session as classifier_run
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.epochs import Epoch, find_best, load_epochs
from ganoscope.training.classifier.session import Session, train_classifier
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.workflows.phantom import phantom

QUICK = ClassifyConfig(epochs=3, batch_size=16, device="cpu", precision="fp32").resolve()


def build():
    torch.manual_seed(0)
    return load("small_cnn").build(3)


def train(store, run, config=QUICK):
    run.mkdir(exist_ok=True)
    return train_classifier(Store.open(store), run, config, build())


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def without_seconds(run):
    return [
        (e.epoch, e.images, e.learning_rate, e.train_loss, e.validation_loss, e.validation_auroc)
        for e in load_epochs(run)
    ]


@pytest.fixture(scope="module")
def whole(phantom_store, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole")
    return run, train(phantom_store, run)


@pytest.mark.parametrize("point", ["save_checkpoint", "append_epoch"])
def test_a_killed_call_goes_on_to_the_same_weights_and_history(whole, phantom_store, tmp_path, monkeypatch, point):
    calls = []
    original = getattr(classifier_run, point)

    def die_at_the_second(*arguments):
        calls.append(point)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(classifier_run, point, die_at_the_second)
        train(phantom_store, tmp_path)
    assert len(list_checkpoints(tmp_path)) == 1
    (tmp_path / "history.csv").open("a").write("4,99")
    assert same(train(phantom_store, tmp_path), whole[1])
    assert without_seconds(tmp_path) == without_seconds(whole[0])


def test_an_interrupt_says_what_is_saved_and_the_same_call_goes_on(whole, phantom_store, tmp_path, monkeypatch):
    calls = []
    original = classifier_run.draw_factors

    def interrupt_in_the_second_epoch(*arguments):
        calls.append(1)
        if len(calls) == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments)

    with monkeypatch.context() as patched, pytest.raises(UserError) as raised:
        patched.setattr(classifier_run, "draw_factors", interrupt_in_the_second_epoch)
        train(phantom_store, tmp_path)
    assert "stopped after 1 of 3 epochs" in str(raised.value)
    assert "best so far: epoch 1, validation AUROC" in str(raised.value)
    assert same(train(phantom_store, tmp_path), whole[1])


def test_the_best_weights_are_copied_and_not_moved_by_later_steps(phantom_store, tmp_path):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.train()
    best = find_best(session.epochs)
    indices, codes = session.validation
    logits = classifier_run.compute_logits(session.best, session.store, indices, session.device, session.autocast)
    assert compute_sklearn_auroc(codes, logits.double().softmax(1).numpy()) == pytest.approx(
        session.epochs[best].validation_auroc
    )
    ours = {p.data_ptr() for p in session.best.parameters()}
    assert not ours & {p.data_ptr() for p in session.network.parameters()}


def test_every_parameter_of_the_network_receives_gradient(phantom_store, tmp_path):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.network.train()
    session._step(*next(session._feed()))
    assert [name for name, p in session.network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_images_and_labels_stay_together_and_validation_is_never_augmented(phantom_store, tmp_path, monkeypatch):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.policy = None
    image, label = next(session._feed())
    store = session.store
    everything = store.load_images(np.arange(store.count))
    for one, code in zip(image.numpy(), label.tolist(), strict=True):
        (position,) = np.flatnonzero((everything == one).all((1, 2, 3)))
        assert store.column("label")[position] == session.classes[code]
        assert store.column("split")[position] == "train"
    monkeypatch.setattr(classifier_run, "augment", None)
    indices, _ = session.validation
    assert len(classifier_run.compute_logits(session.network, store, indices, session.device, session.autocast)) > 0


def test_frozen_body_stays_and_the_head_learns(phantom_store, tmp_path):
    from ganoscope.nets.pretrained import freeze_body

    network = build()
    freeze_body(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    after = train_classifier(Store.open(phantom_store), tmp_path, QUICK, network).state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head.weight", "head.bias"}


def test_early_stopping_ends_before_the_last_epoch(phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier_run, "compute_sklearn_auroc", lambda *_: 0.5)
    monkeypatch.setattr(classifier_run, "find_best", lambda epochs: 0)
    monkeypatch.setattr(classifier_run, "should_stop", lambda epochs, patience: len(epochs) > patience)
    config = ClassifyConfig(epochs=9, patience=2, batch_size=16, device="cpu", precision="fp32").resolve()
    train(phantom_store, tmp_path, config)
    assert len(load_epochs(tmp_path)) == 3


def rows(*values):
    return [Epoch(n + 1, 16 * (n + 1), 1.0, 1e-3, 1.0, loss, auroc) for n, (auroc, loss) in enumerate(values)]


def test_learning_rate_falls_to_a_fifth_on_a_plateau_also_after_going_on(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    session = Session(store, tmp_path, QUICK, build())
    session.epochs = rows(*[(0.5, 1.0)] * 7)
    session.scheduler = session._make_scheduler()
    assert session.optimizer.param_groups[0]["lr"] == pytest.approx(2e-4)
    session.epochs = rows(*[(0.5, 1.0)] * 6)
    session._make_scheduler()
    assert session.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_a_loss_that_is_not_finite_ends_training_and_says_what_to_do(phantom_store, tmp_path):
    config = ClassifyConfig(epochs=2, batch_size=16, learning_rate=0.99, device="cpu", precision="fp32").resolve()
    network = build()
    with torch.no_grad():
        network.head.weight.fill_(float("inf"))
    with pytest.raises(UserError, match="the loss is not finite in epoch 1"):
        train_classifier(Store.open(phantom_store), tmp_path, config, network)
    assert list_checkpoints(tmp_path) == []


def test_it_learns_what_lesions_look_like(tmp_path):
    store = phantom(tmp_path / "store", PhantomConfig(modality="cxr", number=240, size=32))
    config = ClassifyConfig(epochs=6, batch_size=16, device="cpu", precision="fp32").resolve()
    train(store.path, tmp_path / "run", config)
    epochs = load_epochs(tmp_path / "run")
    assert epochs[find_best(epochs)].validation_auroc > 0.8
