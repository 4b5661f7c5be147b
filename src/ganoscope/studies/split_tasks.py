"""The tasks of a study: for each outer split a generator, its images, the classifiers of all arms, their evaluation."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.seeds import Stream
from ganoscope.studies.arms import ARMS, BASELINE, Arm
from ganoscope.studies.design import Design
from ganoscope.studies.families import RANDOM_FEATURES, suits
from ganoscope.studies.needs.memory_needs import MemoryNeeds
from ganoscope.studies.outer_splits import draw_seed
from ganoscope.studies.refusals.given_places import list_tested_splits
from ganoscope.tasks.own_modules import find_modules
from ganoscope.tasks.task import Task

STEPS = "ganoscope.studies.steps"
POOLS = ({"generated", "filtered"}, {"external"})
"""Sources of images that have images in common."""


@cache
def measure_store(path: Path) -> tuple[int, int]:
    """Returns (side of the images in pixels, number of images) of a store."""
    store = Store.open(path)
    return store.size, store.count


@dataclass(frozen=True)
class Variant:
    """What is trained and tested under one name.

    Attributes:
        name: Name in results: that of the arm, with the fraction of real patients where it differs.
        arm: The arm.
        fraction: Fraction of the training patients.
    """

    name: str
    arm: Arm
    fraction: float


def list_variants(design: Design) -> list[Variant]:
    """Returns everything that is trained: the baseline, the arms, and the baseline at other fractions."""
    config = design.config
    arms = [BASELINE, *config.compared]
    variants = [Variant(arm, ARMS[arm], config.real_fraction) for arm in arms]
    curve = sorted({*config.low_data} - {config.real_fraction})
    return variants + [Variant(f"{BASELINE}@{fraction:g}", ARMS[BASELINE], fraction) for fraction in curve]


def has_seen(arm: Arm, source: str) -> bool:
    """Tells whether an arm may have learned from images of the reverse test: its own come from the same place.

    Args:
        arm: The arm.
        source: Source of the images of the reverse test.

    Example:
        >>> [has_seen(ARMS[arm], "generated") for arm in ("baseline", "external", "augmented", "filtered")]
        [False, False, True, True]
    """
    return source != "" and any({arm.source, source} <= pool for pool in POOLS)


@dataclass(frozen=True)
class SplitTasks:
    """Tasks of one outer split, made when they are asked for.

    Attributes:
        design: The design.
        store: Folder of the store.
        number: Number of the split.
    """

    design: Design
    store: Path
    number: int

    @property
    def memory(self) -> MemoryNeeds:
        """Memory that tasks declare."""
        return MemoryNeeds(self.design, measure_store(self.store)[0])

    @property
    def gpus(self) -> float:
        """GPUs that a training takes."""
        return float(self.design.config.device == "cuda")

    @property
    def label(self) -> str:
        """The split in names of tasks."""
        return f"split {self.number + 1}"

    @property
    def synthetic_source(self) -> str:
        """Source of the synthetic images that classifiers are tested on and reports show; "" where there is none."""
        sources = {ARMS[arm].source for arm in self.design.config.compared}
        return next((one for one in ("generated", "filtered", "external") if one in sources), "")

    @property
    def reverse_source(self) -> str:
        """Source of the images of the reverse test: not screened, as the baseline itself would have chosen them."""
        return "generated" if self.synthetic_source == "filtered" else self.synthetic_source

    def take_training(self, fraction: float) -> Task:
        """Returns the task that takes the patients to learn from."""
        arguments = {**self._name_split(), "fraction": fraction}
        return self._cut("take_training", f"{self.label}: training patients", arguments)

    def take_held_out(self) -> Task:
        """Returns the task that takes the held-out patients."""
        return self._cut("take_held_out", f"{self.label}: held-out patients", self._name_split())

    def _name_split(self) -> dict[str, object]:
        design = self.design
        return {"fingerprint": design.fingerprint, "plan": asdict(design.plan), "number": self.number}

    def _cut(self, function: str, name: str, arguments: dict[str, object]) -> Task:
        return Task(name, f"{STEPS}.chosen_patients:{function}", arguments, places={"store": str(self.store)})

    def draw_seed(self, *path: int) -> int:
        """Returns a random seed of this split."""
        return int(draw_seed(self.design.config.seed, Stream.SPLIT_TASKS, self.number, *path))

    def train_generator(self) -> Task:
        """Returns the task that trains the generator."""
        config = self.design.config
        arguments = {
            "method": config.generator,
            "training": {
                "images": config.generator_images,
                "seed": self.draw_seed(0),
                "device": config.device,
                "precision": config.precision,
            },
            **find_modules(self.design.hashes),
        }
        data, memory = self.take_training(config.real_fraction), self.memory.train_generator
        function = f"{STEPS}.generator:train_generator"
        name, needs = f"{self.label}: generator", {"data": data}
        return Task(name, function, arguments, needs, resumes=True, memory_gib=memory, gpus=self.gpus)

    def provide_images(self, source: str) -> Task:
        """Returns the task that provides the images of arms with that source."""
        config = self.design.config
        needs = {"data": self.take_training(config.real_fraction)}
        largest, memory = max(1.0, *config.ratios), self.memory.provide_images
        if source == "external":
            arguments: dict[str, object] = {
                "fingerprint": self.design.hashes["synthetic"],
                "drawing": {"ratio": largest, "number": config.number, "seed": self.draw_seed(1)},
            }
            places = {"images": str(config.synthetic)}
            name, function = f"{self.label}: external images", f"{STEPS}.added_images:take_images"
            return Task(name, function, arguments, needs, places, memory_gib=memory)
        screened = source == "filtered"
        drawing = {
            "ratio": largest,
            "number": config.number,
            "screened": screened,
            "confidence": config.min_label_confidence,
            "seed": self.draw_seed(1),
        }
        arguments = {"drawing": drawing, "device": config.device, **find_modules(self.design.hashes)}
        places = {}
        if config.generator_run:
            arguments["weights"], places["run"] = self.design.hashes["generator_run"], str(config.generator_run)
        else:
            needs["generator"] = self.train_generator()
        if screened:
            needs["classifier"] = self.fit(find_baseline(self.design), config.families[0], 0, 0)
        name, function = f"{self.label}: {source} images", f"{STEPS}.added_images:draw_images"
        return Task(name, function, arguments, needs, places, memory_gib=memory, gpus=self.gpus)

    def fit(self, variant: Variant, family: str, seed: int, trial: int) -> Task:
        """Returns the task that fits one classifier.

        Args:
            variant: What is trained.
            family: Family of classifiers.
            seed: Number of the seed.
            trial: Number of the trial.
        """
        config, arm = self.design.config, variant.arm
        which = self._describe_arm(arm, family, seed, trial)
        if variant.fraction != config.real_fraction:
            which["epoch_scale"] = config.real_fraction / variant.fraction  # as many steps as all others
        arguments: dict[str, object] = {"which": which, **find_modules(self.design.hashes)}
        needs = {"data": self.take_training(variant.fraction)}
        if arm.source and arm.source != "duplicates":
            needs["images"] = self.provide_images(arm.source)
        places = {}
        pretrained = family in self.design.pretrained
        if pretrained:
            arguments["weights_sha256"], places["weights"] = self.design.hashes["weights"], str(config.weights)
        arguments["config"] = {
            "epochs": config.epochs,
            "batch_size": config.batch_size,
            "learning_rate": config.learning_rate,
            "freeze_body": pretrained and not config.unfreeze,
            "device": config.device,
            "precision": config.precision,
        }
        name, function = f"{self.label}: {family}, {variant.name}", f"{STEPS}.classifier:fit_classifier"
        memory = partial(self.memory.fit, family, arm, variant.fraction, float(which["ratio"]))
        gpus = 0.0 if family == RANDOM_FEATURES else self.gpus
        return Task(name, function, arguments, needs, places, resumes=True, memory_gib=memory, gpus=gpus)

    def _describe_arm(self, arm: Arm, family: str, seed: int, trial: int) -> dict[str, Any]:
        config = self.design.config
        varies = bool(arm.source) and arm.real and not arm.by_schedule
        ratio = config.ratios[trial] if varies else max(1.0, *config.ratios) if arm.by_schedule else 1.0
        return {
            "arm": arm.name,
            "family": family,
            "ratio": ratio,
            "number": config.number if arm.source and arm.real else None,
            "schedule": config.schedule if arm.by_schedule else "",
            "seed": self.draw_seed(2, seed, 0 if varies else trial),
        }

    def evaluate(self) -> Task:
        """Returns the task that tests all classifiers of the split."""
        config = self.design.config
        needs, classifiers = {"held_out": self.take_held_out()}, []
        for variant, family, seed in list_classifiers(self.design):
            trials = {}
            for trial in range(len(config.ratios)):
                task = self.fit(variant, family, seed, trial)
                trials[f"{variant.name}/{family}/{seed}/{trial}"] = task
            needs |= trials
            described = {"arm": variant.name, "family": family, "seed": seed, "trials": list(trials)}
            classifiers.append({**described, "seen_synthetic": has_seen(variant.arm, self.reverse_source)})
        if self.reverse_source:
            needs["synthetic"] = self.provide_images(self.reverse_source)
        arguments: dict[str, object] = {"classifiers": classifiers, "patients": self.design.groups}
        places = {}
        if config.external:
            arguments["external_fingerprint"] = self.design.hashes["external"]
            arguments["external_splits"] = list_tested_splits(self.design.hashes["external"], self.design.fingerprint)
            places["external"] = str(config.external)
        function = f"{STEPS}.evaluation:evaluate_split"
        memory = partial(self.memory.evaluate, measure_store(config.external)[1] if config.external else 0)
        return Task(f"{self.label}: evaluation", function, arguments, needs, places, memory_gib=memory)


def list_classifiers(design: Design) -> Iterator[tuple[Variant, str, int]]:
    """Yields (what is trained, family, number of the seed) for every classifier of a split."""
    for variant in list_variants(design):
        for family in design.config.families:
            if suits(family, variant.arm):
                for seed in range(design.config.seeds):
                    yield variant, family, seed


def find_baseline(design: Design) -> Variant:
    """Returns the baseline at the study's fraction of real patients."""
    return list_variants(design)[0]


def list_evaluations(design: Design, store: Path) -> list[Task]:
    """Returns the evaluations of all outer splits; they need all other tasks."""
    return [SplitTasks(design, store, number).evaluate() for number in range(design.plan.count)]
