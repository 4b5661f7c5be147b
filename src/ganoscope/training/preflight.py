"""Checks before the first step of a run."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.contracts import ImageSpec
from ganoscope.data.feeding.augment import Policy, policy_of
from ganoscope.data.store import Store
from ganoscope.data.store.classes import refuse_test_only
from ganoscope.errors import UserError, describe, refuse
from ganoscope.locks import is_vacant
from ganoscope.methods import load
from ganoscope.training.config import TrainConfig
from ganoscope.training.feeding import open_run_domains
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.training.run_folder.record import (
    RunRecord,
    begin_session,
    describe_classifiers,
    load_record,
    make_record,
    refuse_other_run,
    save_record,
)
from ganoscope.training.run_folder.tracking import refuse_missing
from ganoscope.training.speed import choose_speed, refuse_uncompilable, settle_speed


def prepare_run(
    method_name: str,
    method_config: Any,
    store_path: Path,
    run: Path,
    config: TrainConfig,
    policy: Policy | None = None,
) -> RunRecord:
    """Checks everything that can be checked before the first step, writes `run.json`, and returns its content.

    Args:
        method_name: Name of the method, or the dotted name of the user's own module.
        method_config: Its hyper-parameters.
        store_path: Folder of the store.
        run: Folder of the run.
        config: Training options.
        policy: Augmentation in place of `config.augment`.

    Raises:
        UserError: An option, the store or the run folder does not fit; the message names all faults found together.
    """
    store = Store.open(store_path)
    store.verify()
    refuse_test_only(store, "train")
    refuse_missing(config.track)
    refuse_foreign_config(method_name, method_config)
    translates = load(method_name).TRAITS.translates
    refuse(list_unsuited(method_name, config) + list_domain_faults(method_name, config))
    domains = open_run_domains(config, store) if translates else None
    if domains and config.target_store:
        domains[1].store.verify()
    if policy is None and config.augment == "safe":
        policy = policy_of(store.modality)
    training = [domain.indices("train") for domain in domains] if domains else [store.indices("train")]
    resolved = config.resolve(len(training[0]), choose_device(config.device))
    record = make_record(method_name, method_config, resolved, store, policy, domains)
    refuse_unfit(method_name, method_config, record.spec, store)
    refuse(list_feed_faults(store, training, resolved, policy))
    exists = (run / "run.json").exists()
    begun = load_record(run) if exists else None
    settled = settle(record, method_config, begun.train if begun else None)
    record = replace(record, train=settled, classifiers=describe_classifiers(method_config))
    if exists:
        refuse_other_run(run, record)
    elif not is_vacant(run):
        raise UserError(f"run folder {run} is not empty and holds no run; allowed: a new folder, or that of a run.")
    if int(os.environ.get("RANK", "0")) == 0:
        run.mkdir(parents=True, exist_ok=True)
        seen = max((int(folder.name) for folder in list_checkpoints(run)), default=0)
        record = begin_session(record, begun, seen)
        save_record(run, record)
    return record


def refuse_foreign_config(method_name: str, method_config: Any) -> None:
    """Refuses hyper-parameters that are not the method's own `Config`.

    Raises:
        UserError: They are a dictionary, say, or those of another method.
    """
    if not isinstance(method_config, load(method_name).Config):
        given = f"a {type(method_config).__name__} of {type(method_config).__module__}"
        remedy = f'Make one by name: ganoscope.configure("{method_name}", ...).'
        raise UserError(describe(f"method_config is not the Config of {method_name}", given, "its Config", remedy))


def list_domain_faults(method_name: str, config: TrainConfig) -> list[str]:
    """Returns the options that don't suit a translation, or suit a translation only."""
    if load(method_name).TRAITS.translates:
        options = {"balance": config.balance, "diff-augment": config.diff_augment != "none"}
        reason = f"{method_name} translates images and samples each domain separately"
        return [
            describe(f"--{name} does not suit a translation", "set", "not set", f"{reason}. Leave it out.")
            for name, given in options.items()
            if given
        ]
    options = {"domains": bool(config.domains), "target-store": bool(config.target_store)}
    faults = [
        describe(
            f"--{name} is for methods that translate images", "set", "not set", f"{method_name} does not. Leave it out."
        )
        for name, given in options.items()
        if given
    ]
    if config.batch_size < 2:
        faults.append(describe("--batch-size is too small", config.batch_size, "2 or more", "32 is usual."))
    return faults


def settle(record: RunRecord, method_config: Any, begun: TrainConfig | None) -> TrainConfig:
    """Returns the training options with every `auto` replaced: as when the run began, or by rule.

    Args:
        record: The run's record, with resolved training options.
        method_config: Hyper-parameters of the method.
        begun: Training options of the run so far; None for a new one.

    Raises:
        UserError: The method can't be compiled, and is asked to be.
    """
    config = record.train
    if begun:
        names = ("precision", "memory_format", "compile")
        return replace(config, **{name: getattr(begun, name) for name in names if getattr(config, name) == "auto"})
    speed = choose_speed(config, config.device)
    build = partial(load(record.method).build, method_config, record.spec)
    refuse_uncompilable(build, record.spec, config.batch_size, speed, config.device)
    return settle_speed(config, speed)


def refuse_unfit(method_name: str, method_config: Any, spec: ImageSpec, store: Store) -> None:
    """Refuses a store that the method can't learn from.

    Args:
        method_name: Name of the method.
        method_config: Hyper-parameters of the method.
        spec: Properties of the images, as given to the method.
        store: Store to train on.

    Raises:
        UserError: The method can't handle the image size, or its own check refuses the store.
    """
    module = load(method_name)
    try:
        with torch.device("meta"):
            module.build(method_config, spec)
    except ValueError as error:
        raise UserError(str(error)) from None
    if module.TRAITS.check:
        module.TRAITS.check(method_config, store, spec)


def list_unsuited(method_name: str, config: TrainConfig) -> list[str]:
    """Returns the training options that don't suit the method, each with the reason."""
    traits = load(method_name).TRAITS
    compiled = [
        describe(
            f"--compile yes does not suit {method_name}",
            "yes",
            "no, auto",
            "Its loss contains a gradient of a gradient, which torch.compile can't compute. Leave it out.",
        )
    ]
    unsuited = [
        describe(
            f"--{name.replace('_', '-')} does not suit {method_name}",
            str(getattr(config, name)),
            str(getattr(TrainConfig(), name)),
            f"Leave it out: {reason}.",
        )
        for name, reason in traits.unsuited.items()
        if getattr(config, name) != getattr(TrainConfig(), name)
    ]
    return unsuited + (compiled if traits.second_derivatives and config.compile == "yes" else [])


def list_feed_faults(
    store: Store, training: list[NDArray[np.int64]], config: TrainConfig, policy: Policy | None
) -> list[str]:
    """Returns why the training images can't be fed with these options.

    Args:
        store: Store to train on.
        training: Positions of the training images of each domain, shape (N,).
        config: Resolved training options.
        policy: Augmentation of real images; None for none.
    """
    faults = []
    fewest = min(map(len, training))
    if fewest < config.batch_size:
        remedy = "Lower --batch-size, or prepare a store of more images."
        faults.append(describe("too few training images", fewest, f"{config.batch_size} (one batch) or more", remedy))
    if config.warmup_images > (config.images or 0):
        fault, most = "--warmup-images is longer than the training", f"up to {config.images:,}"
        faults.append(describe(fault, config.warmup_images, most, "Shorten it, or train on more --images."))
    labels = store.column("label")[training[0]]
    if config.balance and (len(np.unique(labels)) < 2 or not np.all(labels != "")):
        found = f"{len(np.unique(labels[labels != '']))} classes, {np.sum(labels == ''):,} images without a label"
        remedy = "Leave --balance out, or prepare a store with labels."
        faults.append(
            describe("--balance needs the class of every training image", found, "2 or more classes, 0 images", remedy)
        )
    if policy and policy.recolours and store.intensity.unit == "HU":
        remedy = "Leave them at 1: Hounsfield units are measured, not to be rescaled."
        faults.append(describe("gain, gamma or bias of the augmentation on HU", policy, "geometry alone", remedy))
    return faults
