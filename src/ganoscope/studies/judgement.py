"""The verdict of a study, by the rule that its design froze, and what stands beside it without deciding anything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ganoscope.errors import write_count
from ganoscope.files import compute_sha256, load_json, save_json
from ganoscope.files.records import Number, load_record
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.design import Design
from ganoscope.studies.evidence.comparisons import Comparison, compare_all
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.result_tables import Outcomes, read_outcomes
from ganoscope.tasks.kept_results import read_content

FILE = "verdict.json"
SCHEMA_VERSION = 1
JUDGED = "judged.json"
"""What the verdict was made from, so that a finished study does not resample its patients again."""


@dataclass(frozen=True)
class ArmLevel:
    """How well an arm does, without a comparison.

    Attributes:
        part: What it was tested on.
        family: Family of classifiers.
        arm: The arm.
        mean: Mean over splits.
        sd: Standard deviation over splits.
        low: Lower end of the 95% interval of the mean, as `EstimatedMeans` makes it.
        high: Upper end.
        values: Value of each split.
    """

    part: str
    family: str
    arm: str
    mean: Number
    sd: Number
    low: Number
    high: Number
    values: list[Number]


@dataclass(frozen=True)
class Judgement:
    """The content of `verdict.json`.

    Attributes:
        word: The verdict on the primary arm, marked where the design can't decide.
        headline: The verdict as a sentence.
        warnings: What must be read before the verdict, a sentence each.
        endpoint: Metric that it rests on.
        margin: Differences up to this are practically equal.
        design_sha256: Hash of the design.
        levels: How well every arm does.
        comparisons: Every arm against the baseline.
    """

    word: str
    headline: str
    warnings: list[str]
    endpoint: str
    margin: float
    design_sha256: str
    levels: list[ArmLevel]
    comparisons: list[Comparison]


def judge(
    out: Path, evaluations: Sequence[Path], design: Design, means: EstimatedMeans, told: Sequence[str] = ()
) -> Judgement:
    """Returns the judgement of a finished study, after writing `verdict.json`; from the same results it is made once.

    Args:
        out: Folder of the study, with its tables.
        evaluations: Results of the evaluations, by the number of the split.
        design: Its design.
        means: How its means are estimated.
        told: Warnings that its trainings gave.
    """
    asked = {
        "design_sha256": design.sha256,
        "version": version("ganoscope"),
        "read": [read_content(folder) for folder in evaluations],
        "told": list(told),
    }
    if is_judged(out, asked):
        return load_judgement(out)
    outcomes = read_outcomes(out, design.config.endpoint, design.plan.count)
    comparisons = list(compare_all(outcomes, evaluations, means.variances, design))
    primary = next(one for one in comparisons if one.decides)
    found = Judgement(
        word=primary.verdict.word,
        headline=write_headline(primary, design),
        warnings=[*list_warnings(design), *list_shortfalls(outcomes, design), *told],
        endpoint=design.config.endpoint,
        margin=design.config.margin,
        design_sha256=design.sha256,
        levels=list(measure_levels(outcomes, means, design.config.endpoint)),
        comparisons=comparisons,
    )
    save_json(out / FILE, {"schema_version": SCHEMA_VERSION, **asdict(found)})
    save_json(out / JUDGED, {**asked, "verdict_sha256": compute_sha256(out / FILE)})
    return found


def is_judged(out: Path, asked: Mapping[str, object]) -> bool:
    """Tells whether the verdict in a study's folder is that of these results, and was not edited.

    Args:
        out: Folder of the study.
        asked: What the verdict depends on.
    """
    if not ((out / JUDGED).exists() and (out / FILE).exists()):
        return False
    return bool(load_json(out / JUDGED) == {**asked, "verdict_sha256": compute_sha256(out / FILE)})


def load_judgement(out: Path) -> Judgement:
    """Returns the judgement in a study's folder.

    Raises:
        UserError: It is missing or damaged.
    """
    return load_record(out / FILE, Judgement, SCHEMA_VERSION)


def measure_levels(outcomes: Outcomes, means: EstimatedMeans, endpoint: str) -> Iterator[ArmLevel]:
    """Yields the level of every arm, family and part.

    Args:
        outcomes: Values of the endpoint.
        means: How means are estimated.
        endpoint: The endpoint.
    """
    for (part, arm, family), values in outcomes.values.items():
        mean = means.estimate_level((part, arm, family, endpoint), values)
        if mean:
            yield ArmLevel(part, family, arm, mean.value, mean.sd, mean.low, mean.high, values.tolist())


def write_headline(found: Comparison, design: Design) -> str:
    """Returns the verdict as a sentence.

    Args:
        found: The comparison that decides.
        design: The design.
    """
    mean, metric = found.difference, design.config.endpoint.upper().replace("_", " ")
    margin = f"differences up to {design.config.margin:g} count as equal"
    told = f"{found.arm} against {BASELINE}, {found.family}: {found.verdict.word}"
    if not np.isfinite(mean.value):
        return f"{told}. {metric} is defined in no split, so nothing is known about a difference."
    splits = write_count(mean.splits, "split")
    return f"{told}. Mean difference of {metric} over {splits} {mean.value:+.4f} ({write_doubt(found)}); {margin}."


def write_doubt(found: Comparison) -> str:
    """Returns how sure a difference is: its interval and p value, or why there is none."""
    verdict, splits = found.verdict, found.difference.splits
    if np.isfinite(verdict.low):
        p = f", adjusted p {verdict.p:.3g}" if np.isfinite(verdict.p) else ""
        percent = f"{100 * verdict.level:.4g}%"
        return f"{percent} interval over {found.over} {verdict.low:+.4f} to {verdict.high:+.4f}{p}"
    if found.over == "patients":
        return "no interval: patients could not be resampled"
    if splits == 1:
        return "no interval: one split can't tell how differences vary from split to split"
    return "no interval: the differences of all splits are equal, which can't tell how they vary"


def list_warnings(design: Design) -> list[str]:
    """Returns what a reader must know before the verdict."""
    config, found = design.config, []
    if design.exploratory:
        found.append("Exploratory: this design can't decide, and its verdict is no evidence.")
    if config.generator_run:
        found.append(
            f"Leaky: one generator serves all splits, and it was trained on up to {design.leaky_groups:,} of the "
            "patients or groups that a split holds out."
        )
    if design.declared_groups:
        found.append(
            f"Leaky: the tool behind --synthetic was trained, as declared, on up to {design.declared_groups:,} of the "
            "patients or groups that a split holds out."
        )
    if config.synthetic and config.synthetic_patients in ("", "unknown"):
        found.append(
            "Unverifiable: which patients the tool behind --synthetic was trained on is not known; it may have seen "
            "the held-out ones."
        )
    if not design.patients_known:
        found.append(
            "Patients are not known for all images: splits keep near-duplicates together, but images of one patient "
            "may be on both sides. Nothing can be claimed about new patients."
        )
    return found


def list_shortfalls(outcomes: Outcomes, design: Design) -> list[str]:
    """Returns which arms add fewer images than they were asked to, a sentence each."""
    found = []
    for arm in design.config.compared:
        added = outcomes.added.get(arm)
        if added and added.mean < added.asked:
            empty = write_count(len(added.without), "split")
            left_out = f" In {empty} none passed: these are left out of its comparisons." if added.without else ""
            found.append(
                f"{arm} adds {added.mean:.0f} images in the mean, where {added.asked:.0f} were asked for: too few of a "
                f"class pass the screening.{left_out}"
            )
    return found
