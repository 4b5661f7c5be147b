"""Options of a study, with ranges and contradictions checked together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.classifiers import available, load
from ganoscope.registry import state_module
from ganoscope.statistics.verdict import MARGIN_AUROC
from ganoscope.studies.arms import ARMS, BASELINE
from ganoscope.studies.families import RANDOM_FEATURES, suits
from ganoscope.studies.outer_splits import Scheme
from ganoscope.training.classifier.mix import parse_schedule

ENDPOINTS = ("auroc", "auprc", "balanced_accuracy", "accuracy", "f1_weighted")
"""Metrics that a study can be decided by: higher is better, and no class needs to be named."""
TOLD = ("none", "unknown")
"""What can be said of the training patients of another tool without a file."""
RANGES = {
    "repeats": Range(1, 1000),
    "folds": Range(1, 100),
    "real_fraction": Range(0, 1, above=True),
    "generator_images": Range(1),
    "pilot": Range(0, 100),
    "seeds": Range(1, 100),
    "epochs": Range(1, 10_000),
    "batch_size": Range(2),
    "margin": Range(0, 0.5),
    "min_label_confidence": Range(0, 1, above=True, below=True),
    "seed": Range(0),
}


@dataclass(frozen=True)
class StudyConfig:
    """What is compared, on which splits, and what the verdict rests on. All of it is frozen before training."""

    generator: str = "r3gan"
    """Method or preset that makes the synthetic images: one that is conditioned on classes."""
    arms: tuple[str, ...] = ("baseline", "augmented", "classical", "duplicated", "filtered")
    """Arms to compare (see the list above); baseline is always one of them."""
    families: tuple[str, ...] = ("small_cnn", RANDOM_FEATURES)
    """Classifiers to train in every arm: networks of `ganoscope classify` or modules of your own by their dotted
    names, and random_features, which is no network.
    The first one decides; the others show how far the result depends on the classifier."""
    repeats: int = 5
    """Number of repetitions R."""
    folds: int = 5
    """Number K: every split holds out 1/K of the patients; with 1, a single split holds out one fifth."""
    scheme: Scheme = "random"
    """How splits are drawn: random draws the held-out patients of each of the R x K splits anew; kfold deals all
    patients out to K folds, R times."""
    real_fraction: float = 1.0
    """Fraction of the training patients to use, in all arms."""
    low_data: tuple[float, ...] = ()
    """Further fractions at which the baseline is trained, for the learning curve that tells what the synthetic images
    are worth in real patients."""
    generator_images: int = 20_000
    """Images that a generator is trained on, counted over all epochs."""
    ratios: tuple[float, ...] = (1.0,)
    """Synthetic images per real training image. Of several, validation chooses the best in each split; other arms then
    have equally many trials."""
    number: int | None = None
    """Number of synthetic images per split, instead of --ratios."""
    schedule: str = "0:0.0,5:0.25,10:0.5"
    """Schedule of the curriculum arm: first epoch and share of synthetic images."""
    min_label_confidence: float = 0.5
    """Probability that the split's own baseline classifier must give to the class of a filtered image."""
    seeds: int = 1
    """Classifiers per arm and split, each with its own random seed; their results are averaged."""
    epochs: int = 20
    """Epochs of every classifier; an epoch has as many images as there are real training images, in every arm."""
    batch_size: int = 32
    """Images per step of a classifier."""
    learning_rate: float | None = None
    """Learning rate of the networks; by default, that of `ganoscope classify`."""
    weights: Path | None = None
    """File of pretrained ImageNet weights, for those of --families that it fits; the design says which."""
    unfreeze: bool = False
    """With --weights, train the whole network rather than its head only; without, it is trained as a whole anyway."""
    endpoint: Literal["auroc", "auprc", "balanced_accuracy", "accuracy", "f1_weighted"] = "auroc"
    """Metric that the verdict rests on."""
    primary_arm: str = ""
    """Arm that the study is about; by default, the first one after baseline."""
    estimand: Literal["procedure", "models"] = "procedure"
    """What the verdict is about: the procedure at this training size (splits vary), or the trained models on patients
    like these (patients vary)."""
    margin: float = MARGIN_AUROC
    """Differences of the endpoint up to this are practically equal."""
    expected_sd: float | None = None
    """Expected standard deviation of the differences over splits, for the feasibility check."""
    pilot: int = 0
    """Number of splits on which to measure that standard deviation first: between two baselines that differ by their
    random seed alone, on validation images."""
    generator_run: Path | None = None
    """One trained run for all splits. It has seen held-out patients: the study is then reported as leaky."""
    synthetic: Path | None = None
    """Store of images made by another tool, for the arm `external`; make it with `ganoscope prepare`."""
    synthetic_patients: str = ""
    """What the tool of --synthetic was trained on: none (no image of this store), unknown, or a text or CSV file of the
    patients, groups or sample ids of the store's manifest that it has seen, one a row."""
    external: Path | None = None
    """Store of other patients, to test on besides."""
    exploratory: bool = False
    """Run a design that can't decide; its report says so first."""
    seed: int = 0
    """Random seed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of trainings and drawing. cuda: each such task takes a GPU of its own; auto computes on the CPU, as cpu
    does, so that one design means the same on every machine."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Precision of forward passes in trainings: fp32 on every machine, or bf16, which is faster where processors and
    GPUs have it natively."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range, unknown, or contradict each other; all faults are reported.
        """
        fit_fields(self)
        faults = [*list_range_faults(self, RANGES), *list_unknown(self), *list_contradictions(self)]
        if "curriculum" in self.arms:
            faults += list_schedule_faults(self)
        refuse(faults)

    @property
    def compared(self) -> tuple[str, ...]:
        """Arms that are compared with the baseline, the primary one first."""
        others = [arm for arm in dict.fromkeys(self.arms) if arm != BASELINE]
        first = [self.primary_arm] if self.primary_arm else []
        return tuple(dict.fromkeys([*first, *others]))

    @property
    def declared(self) -> Path | None:
        """File that declares the training patients of the tool of --synthetic; None where there is none."""
        return None if self.synthetic_patients in ("", *TOLD) else Path(self.synthetic_patients)

    @property
    def generates(self) -> bool:
        """Whether an arm needs the images of a generator."""
        return any(ARMS[arm].source in ("generated", "filtered") for arm in self.compared)


def list_schedule_faults(config: StudyConfig) -> list[str]:
    """Returns the faults of the curriculum's schedule, and of one that adds nothing within the epochs."""
    try:
        stages = parse_schedule(config.schedule)
    except UserError as error:
        return str(error).splitlines()
    if any(stage.share > 0 and stage.epoch < config.epochs for stage in stages):
        return []
    fault, allowed = "--schedule adds no synthetic image", f"a share above 0 before epoch {config.epochs}"
    return [describe(fault, config.schedule, allowed, "Begin earlier, or raise --epochs.")]


def list_unknown(config: StudyConfig) -> list[str]:
    """Returns the faults of names that are not known."""
    faults = [describe("no such arm", arm, ", ".join(ARMS), "Choose some.") for arm in config.arms if arm not in ARMS]
    known = (*available(), RANDOM_FEATURES)
    faults += [
        describe("no such classifier", family, ", ".join(known), "Choose some.")
        for family in config.families
        if family not in known and "." not in family
    ]
    faults += [fault for family in config.families if "." in family for fault in list_module_faults(family)]
    if config.primary_arm and config.primary_arm not in config.arms:
        faults.append(describe("--primary-arm is not one of --arms", config.primary_arm, ", ".join(config.arms), ""))
    if config.declared and not config.declared.is_file():
        allowed = "none, unknown, or a file of the patients"
        faults.append(describe("--synthetic-patients is not known", config.synthetic_patients, allowed, ""))
    return faults


def list_module_faults(family: str) -> list[str]:
    """Returns why a module of the user's own can't be a family of classifiers; imports it.

    Args:
        family: Its dotted name.
    """
    try:
        state_module(family)
        load(family)
    except UserError as error:
        return [str(error)]
    return []


def list_contradictions(config: StudyConfig) -> list[str]:
    """Returns the faults of options that exclude or need each other."""
    faults = [*list_comparison_faults(config), *list_amount_faults(config), *list_deciding_faults(config)]
    if config.synthetic_patients and config.synthetic is None:
        faults.append(describe("--synthetic-patients needs --synthetic", "no --synthetic", "both", "Leave it out."))
    if ("external" in config.arms) != (config.synthetic is not None):
        faults.append(describe("arm external and --synthetic need each other", "one alone", "both", ""))
    return faults


def list_comparison_faults(config: StudyConfig) -> list[str]:
    """Returns the faults of what is compared: something named twice, or nothing to compare."""
    faults = []
    for name, values in (("arms", config.arms), ("families", config.families), ("ratios", config.ratios)):
        if len(set(values)) < len(values) or not values:
            given = ", ".join(map(str, values)) or "nothing"
            faults.append(describe(f"--{name} is empty or names something twice", given, "each once", ""))
    if not config.compared:
        faults.append(describe("--arms has nothing to compare", ", ".join(config.arms), "baseline and another arm", ""))
    return [*faults, *list_primary_faults(config)]


def list_primary_faults(config: StudyConfig) -> list[str]:
    """Returns why the primary arm and the first family can't decide: an arm that is no other, or one left out there."""
    if config.primary_arm == BASELINE:
        allowed = ", ".join(arm for arm in config.arms if arm != BASELINE)
        return [describe("--primary-arm is what all arms are compared with", BASELINE, allowed, "Name another arm.")]
    primary, family = next(iter(config.compared), ""), next(iter(config.families), "")
    if primary not in ARMS or suits(family, ARMS[primary]):
        return []
    fault, given = "the primary arm has no meaning for the first of --families", f"{primary}, {family}"
    remedy = f"Name a network first, or another --primary-arm: {family} has no epochs that a schedule could follow."
    return [describe(fault, given, "two that go together", remedy)]


def list_amount_faults(config: StudyConfig) -> list[str]:
    """Returns the faults of how many real and synthetic images there are."""
    faults = []
    out = [ratio for ratio in config.ratios if not 0 < ratio <= 100]
    if out:
        faults.append(describe("--ratios is out of range", ", ".join(map(str, out)), "above 0 to 100", ""))
    wrong = [fraction for fraction in config.low_data if not 0 < fraction <= 1 or fraction == config.real_fraction]
    if wrong:
        allowed = "above 0 to 1, other than --real-fraction"
        faults.append(describe("--low-data is out of range", ", ".join(map(str, wrong)), allowed, ""))
    if len(set(config.low_data)) < len(config.low_data):
        given = ", ".join(map(str, config.low_data))
        faults.append(describe("--low-data names something twice", given, "each once", ""))
    if config.number is not None and (config.number < 2 or len(config.ratios) > 1):
        allowed = "2 or more, with one of --ratios"
        faults.append(describe("--number is out of range, or given beside --ratios", config.number, allowed, ""))
    return faults


def list_deciding_faults(config: StudyConfig) -> list[str]:
    """Returns the faults of what the verdict rests on: expected SD, pilot, estimand and endpoint."""
    faults = []
    if config.expected_sd is not None and not config.expected_sd > 0:
        faults.append(describe("--expected-sd is out of range", config.expected_sd, "above 0", "0.02 is usual."))
    if config.pilot == 1 or (config.pilot and config.expected_sd is not None):
        allowed = "2 splits or more, without --expected-sd"
        faults.append(describe("--pilot does not fit", config.pilot, allowed, "Leave one of them out."))
    if config.pilot and config.endpoint != "auroc":
        remedy = "Give --expected-sd."
        faults.append(describe("--pilot measures the AUROC", config.endpoint, "--endpoint auroc", remedy))
    if config.estimand == "models" and config.endpoint != "auroc":
        remedy = "Patients are resampled for the AUROC alone."
        faults.append(describe("--estimand models needs --endpoint auroc", config.endpoint, "auroc", remedy))
    if config.low_data and config.estimand != "procedure":
        remedy = "What an arm is worth in real patients is about the procedure; leave one of them out."
        faults.append(describe("--low-data needs --estimand procedure", config.estimand, "procedure", remedy))
    return faults
