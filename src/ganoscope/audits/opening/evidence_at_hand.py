"""Opens everything that an audit is given, with all faults in one message, and says what its answers depend on."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.config import FEWEST, AuditConfig
from ganoscope.audits.opening.drawn_images import draw_synthetic
from ganoscope.audits.opening.given_images import (
    PrepareStore,
    choose_options,
    is_generated,
    read_foreign_folder,
    read_generated_folder,
    read_synthetic_store,
)
from ganoscope.audits.opening.image_roles import assign_roles
from ganoscope.banks.model_table import Bank, load_bank
from ganoscope.classifiers.fitness import refuse_dependent, refuse_other_images, warn_of_dangers
from ganoscope.classifiers.trained import TrainedClassifier, open_classifier
from ganoscope.data.checks.other_stores import BLOCK, hash_images
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, gather
from ganoscope.locks import private_folder
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run, refuse_translation

REAL_SHARE = 0.9
"""From this share of images with the pixels of real ones on, the real folder was given as the synthetic one."""


@contextmanager
def open_evidence(
    synthetic: Path, real: Path | None, config: AuditConfig, prepare: PrepareStore
) -> Iterator[tuple[AuditEvidence, tuple[str, ...]]]:
    """Yields what the questions are asked of, and what a reader must know of it.

    Args:
        synthetic: Run, folder of `ganoscope generate`, store, or folder of images of any other program.
        real: Store that the generator has learned from; None takes the one that a run was trained on.
        config: All options.
        prepare: Makes a temporary store of a folder of images.

    Raises:
        UserError: Something is missing, damaged, or does not fit; faults that can be found together are.
    """
    device = choose_device(config.device)
    run = open_audited_run(synthetic, config, device)
    store = open_real(real, run)
    bank, classifier = gather(
        partial(open_bank, config.bank, store), partial(open_audit_classifier, config, store, device)
    )
    roles = assign_roles(store, run, config.holdout, config.reid_store)
    with open_synthetic(synthetic, run, store, config, prepare) as images:
        refuse_few(images)
        refuse_real(images, store)
        refuse_other_classes(images, store)
        yield (
            AuditEvidence(
                synthetic=images,
                members=roles.members,
                held_out=roles.held_out,
                run=run,
                bank=bank,
                classifier=classifier,
                others=roles.others,
                depth=config.depth,
                seed=config.seed,
                device=device,
            ),
            roles.notes,
        )


def open_audited_run(path: Path, config: AuditConfig, device: str) -> TrainedRun | None:
    """Returns the run that is audited; None where the path is that of images.

    Args:
        path: What was given as synthetic.
        config: All options.
        device: Device of the networks.

    Raises:
        UserError: There is nothing at the path, the run is damaged or translates images, or a checkpoint was named for
            a folder.
    """
    if not path.is_dir():
        raise UserError(describe("--synthetic is no folder", path, "a run, or a folder of images", ""))
    if not (path / "run.json").exists():
        if config.checkpoint is not None:
            raise UserError("--checkpoint needs a run: --synthetic is a folder of images. Leave --checkpoint out.")
        return None
    run = open_run(path, device, config.checkpoint)
    refuse_translation(run)
    return run


def open_real(path: Path | None, run: TrainedRun | None) -> Store:
    """Returns the store of the real images, verified.

    Args:
        path: The store; None takes the one that the run was trained on.
        run: The run that is audited; None for a folder.

    Raises:
        UserError: No store was given, or it is gone or damaged, or of another kind than the run's images.
    """
    if path is None and run is None:
        raise UserError("--real is missing: name the store that the generator has learned from with --real STORE.")
    if path is None and run is not None:
        found = run.open_store()
        if found.store is None:
            raise UserError(
                f"the store that run {run.path} was trained on is {found.reason} ({found.path}). Give it with --real "
                "STORE."
            )
        store = found.store
    else:
        store = Store.open(path or "")
    store.verify()
    if run and (store.size, store.intensity) != (run.record.size, run.record.intensity):
        raise UserError(f"run {run.path} makes images of another size or range than store {store.path} holds.")
    return store


def open_bank(path: Path | None, store: Store) -> Bank | None:
    """Returns the bank; None where none was given.

    Raises:
        UserError: It is unfinished or damaged, or of another store.
    """
    if path is None:
        return None
    bank = load_bank(path)
    if bank.frozen.plan["fingerprint"] != store.fingerprint:
        raise UserError(f"bank {path} is of another store than {store.path}. Make one with `ganoscope bank` on it.")
    return bank


def open_audit_classifier(config: AuditConfig, store: Store, device: str) -> TrainedClassifier | None:
    """Returns the classifier; None where none was given.

    Args:
        config: All options.
        store: Store of the real images.
        device: Device of the network.

    Raises:
        UserError: It does not fit the store, or has seen its held-out images.
    """
    if config.classifier is None:
        return None
    classifier = open_classifier(config.classifier, device)
    gather(partial(refuse_other_images, classifier, store), partial(refuse_dependent, classifier, store))
    warn_of_dangers(classifier.path)
    return classifier


@contextmanager
def open_synthetic(
    path: Path, run: TrainedRun | None, real: Store, config: AuditConfig, prepare: PrepareStore
) -> Iterator[SyntheticImages]:
    """Yields the synthetic images.

    Args:
        path: Run, folder of `ganoscope generate`, store, or folder of images of any other program.
        run: The run, where it is one.
        real: Store of the real images.
        config: All options.
        prepare: Makes a temporary store of a folder of images.

    Raises:
        UserError: They are damaged, or can't be compared with the real ones.
    """
    if run:
        yield draw_synthetic(run, config.number, config.seed)
    elif is_generated(path):
        yield read_generated_folder(path, real)
    elif (path / "store.json").exists():
        yield read_synthetic_store(path, real)
    else:
        with private_folder("audit") as place, prepare(path, choose_options(real), place / "key.csv") as store:
            yield read_foreign_folder(path, real, store, place / "key.csv")


def refuse_few(images: SyntheticImages) -> None:
    """Refuses too few images to tell any rate from chance.

    Raises:
        UserError: There are too few.
    """
    if images.count < FEWEST:
        raise UserError(describe("too few synthetic images to audit", images.count, f"{FEWEST} or more", "Take more."))


def refuse_real(images: SyntheticImages, real: Store) -> None:
    """Refuses real images that were given as synthetic ones, recognised by their pixels.

    Args:
        images: What was given as synthetic.
        real: Store of the real images.

    Raises:
        UserError: Most of them are real images of the store.
    """
    own = {digest for _, digest in hash_images(real)}
    same = 0
    for start in range(0, images.count, BLOCK):
        block = images.load(np.arange(start, min(start + BLOCK, images.count)))[:, 0]
        pixels = real.intensity.to_pixels(block)
        same += sum(hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=16).digest() in own for one in pixels)
    if same >= REAL_SHARE * images.count:
        raise UserError(
            f"--synthetic holds the real images themselves: {same:,} of {images.count:,} have the pixels of images in "
            f"store {real.path}. Give the folder of the synthetic images."
        )


def refuse_other_classes(images: SyntheticImages, real: Store) -> None:
    """Refuses synthetic images with classes that no real image has.

    Args:
        images: The synthetic images.
        real: Store of the real images.

    Raises:
        UserError: They have such classes.
    """
    if images.labels is None:
        return
    known = sorted(set(real.column("label").tolist()) - {""})
    strange = sorted(set(images.labels.tolist()) - set(known))
    if known and strange:
        remedy = "Rename the folders or labels of the synthetic images."
        fault = "synthetic images have classes that the real ones lack"
        raise UserError(describe(fault, ", ".join(strange), ", ".join(known), remedy))


def describe_plan(evidence: AuditEvidence, config: AuditConfig) -> dict[str, Any]:
    """Returns what the answers of an audit depend on: hashes and options.

    Args:
        evidence: What the questions are asked of.
        config: All options.
    """
    parts = {"members": evidence.members, "held_out": evidence.held_out, "others": evidence.others}
    return {
        "ganoscope": version("ganoscope"),
        "synthetic_images": evidence.synthetic.sha256,
        **({"number": config.number} if evidence.run else {}),
        **{
            f"{name}_images": hashlib.sha256(f"{one.store.fingerprint} {one.indices.tolist()}".encode()).hexdigest()
            for name, one in parts.items()
            if one
        },
        "bank": evidence.bank.frozen.sha256 if evidence.bank else "",
        "classifier": evidence.classifier.record.weights_sha256 if evidence.classifier else "",
        "depth": evidence.depth,
        "seed": evidence.seed,
    }
