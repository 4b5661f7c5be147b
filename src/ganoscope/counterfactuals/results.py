"""What is written when all images are done: findings, alarms, figures, a summary, and where everything comes from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases import Refused
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.drawing.overview import draw_controls, draw_response
from ganoscope.counterfactuals.formats import MARK
from ganoscope.counterfactuals.set_measures import SetMeasures
from ganoscope.counterfactuals.set_summary import write_summary
from ganoscope.counterfactuals.translation import Setting, Translated
from ganoscope.data.store import QUARANTINE_COLUMNS
from ganoscope.evaluate.counterfactual.measures import BLUR_PX, CHANGED, MARGIN_PX, Measures, Response, join
from ganoscope.evaluate.counterfactual.set_checks import find_alarms
from ganoscope.evaluate.counterfactual.set_findings import Findings, Realism, summarise
from ganoscope.explanation.findings import to_plain
from ganoscope.files import save_csv, save_json
from ganoscope.training.run_folder.record import list_versions

SCHEMA_VERSION = 1


@dataclass
class Gathered:
    """What is kept of every image: numbers and names, no pixels.

    Attributes:
        measures: By batch.
        responses: By batch.
        targets: Target of each image.
        groups: Patient or near-duplicate cluster of each.
        shapes: How many images have which height and width.
        already: Whether each is of the target class as it is.
        trained: How many the run was trained on.
        judged: How many the judge was trained on or chosen by.
        refused: Files that are not taken.
        left_out: Images of a store that are of other classes than the run's domains.
    """

    measures: list[Measures] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    already: list[bool] = field(default_factory=list)
    trained: int = 0
    judged: int = 0
    refused: list[Refused] = field(default_factory=list)
    left_out: int = 0

    def add(self, batch: Translated) -> None:
        """Takes the numbers of a batch."""
        self.measures.append(batch.measures)
        self.responses.append(batch.response)
        self.targets += batch.pairs.target.tolist()
        self.groups += [case.group for case in batch.cases]
        self.shapes.update(case.source.pixels.shape for case in batch.cases)
        self.already += batch.pairs.already.tolist()
        self.trained += sum(case.trained for case in batch.cases)
        self.judged += sum(case.judged for case in batch.cases)


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        images: Images that were translated.
        refused: Files that were not taken.
        findings: What was measured.
        alarms: What to know before believing it.
        summary: The findings in plain sentences.
    """

    images: int
    refused: int
    findings: Findings
    alarms: list[Alarm]
    summary: str


def conclude(
    folder: Path, setting: Setting, gathered: Gathered, sets: SetMeasures, config: CounterfactualConfig
) -> Outcome:
    """Writes `results.json`, `alarms.json`, `summary.txt`, `quarantine.csv` and the figures."""
    findings = summarise(join(gathered.measures), np.array(gathered.targets), gathered.groups, config.seed)
    realism, fidelity = sets.compare_features(), sets.compare_hu()
    alarms = [*find_alarms(findings), *check_images(setting, gathered)]
    summary = write_summary(setting, findings, realism, fidelity)
    save_figures(folder / "figures", setting, findings, gathered, config.seed)
    save_alarms(folder / "alarms.json", alarms)
    (folder / "summary.txt").write_text(summary, encoding="utf-8")
    if gathered.refused:
        rows = ({"source": one.file, "reason": one.reason} for one in gathered.refused)
        save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, rows)
    results = {
        "schema_version": SCHEMA_VERSION,
        **describe_origin(setting, config),
        "images": describe_images(gathered),
        "interval": "95 % percentile bootstrap over groups, 2,000 resamples; Wilson's where all images agree",
        "measures": {"sets": to_plain({name: dict(found) for name, found in findings.summary.items()})},
        "transfer_margin": to_plain(findings.transfer_margin),
        "realism": to_plain(realism_to_json(realism)),
        "hu_fidelity": to_plain({target: asdict(one) for target, one in fidelity.items()}),
        "alarms": [alarm.code for alarm in alarms],
    }
    save_json(folder / "results.json", results)
    return Outcome(len(gathered.targets), len(gathered.refused), findings, alarms, summary)


def check_images(setting: Setting, gathered: Gathered) -> list[Alarm]:
    """Alarms where run or judge have seen images, not all classes are known, or images were resampled."""
    alarms, size = [], setting.translator.run.record.size
    if gathered.trained:
        message = (
            f"{gathered.trained:,} of {len(gathered.targets):,} images are images that the run was trained on: what is "
            "measured on them says little about others. Take held-out ones."
        )
        alarms.append(Alarm("training_images", "warning", message, {"images": gathered.trained}))
    if gathered.judged:
        message = (
            f"{gathered.judged:,} of {len(gathered.targets):,} images are images that the judge was trained on or "
            "chosen by: its answers to them are no independent evidence. Take images that it has not seen."
        )
        alarms.append(Alarm("judge_has_seen_images", "warning", message, {"images": gathered.judged}))
    if gathered.left_out:
        message = (
            f"{gathered.left_out:,} images of other classes than {' and '.join(setting.translator.domains)} are left "
            "out: the run was not trained on them."
        )
        alarms.append(Alarm("other_classes", "note", message, {"images": gathered.left_out}))
    others = sum(count for shape, count in gathered.shapes.items() if shape != (size, size))
    if others:
        message = (
            f"{others:,} of {len(gathered.targets):,} images are not of the networks' size ({size} x {size} px): they "
            "were resampled as the run's store was, and the change was enlarged to their own grid."
        )
        alarms.append(Alarm("resampled", "note", message, {"images": others}))
    return alarms


def save_figures(folder: Path, setting: Setting, findings: Findings, gathered: Gathered, seed: int) -> None:
    """Writes the charts as PNG."""
    folder.mkdir()
    response, already = join(gathered.responses), np.array(gathered.already)
    figures = {
        "dose_response": draw_response(setting.plan.strengths, response, already, gathered.groups, seed),
        "controls": draw_controls(findings),
    }
    for name, figure in figures.items():
        if figure:
            figure.savefig(folder / f"{name}.png", metadata={"Software": "ganoscope"})


def describe_origin(setting: Setting, config: CounterfactualConfig) -> dict[str, Any]:
    """Returns what was done by what: no paths, which may name a person."""
    run, plan = setting.translator.run, setting.plan
    unit = (plan.intensity.high - plan.intensity.low) / 2
    return {
        "synthetic": True,
        "notice": MARK,
        "run": run.path.resolve().name,
        "method": run.record.method,
        "domains": list(run.record.domains),
        "images_seen": run.images_seen,
        "generator_sha256": run.weights_sha256,
        "trained_on": run.record.store_name,
        "store_fingerprint": run.record.store_fingerprint,
        "explained": describe_classifier(plan.explained),
        "judge": describe_classifier(plan.judge),
        "intensity": asdict(plan.intensity),
        "protocol": {
            "interpolation": "images: x + s (G(x) - x)",
            "strengths": plan.strengths.tolist(),
            "changed_above": 2 * unit * CHANGED,
            "lesion_margin_px": MARGIN_PX,
            "blur_px": BLUR_PX,
            "attack": f"projected gradient, L2, {plan.attack_steps} steps, norm of the counterfactual's change",
        },
        "seed": config.seed,
        "versions": list_versions(),
    }


def describe_classifier(classifier: TrainedClassifier | None) -> dict[str, Any] | None:
    """Returns which classifier was asked."""
    if classifier is None:
        return None
    record = classifier.record
    return {
        "network": record.network,
        "trained_on": record.store_name,
        "classes": list(record.classes),
        "weights_sha256": record.weights_sha256,
        "temperature": record.temperature,
    }


def describe_images(gathered: Gathered) -> dict[str, Any]:
    """Returns how many images of what sizes went to which target, and how many files were not taken."""
    return {
        "n": len(gathered.targets),
        "groups": len(set(gathered.groups)),
        "by_target": dict(Counter(gathered.targets)),
        "by_size_px": {f"{height} x {width}": count for (height, width), count in gathered.shapes.most_common()},
        "already_of_target": sum(gathered.already),
        "of_other_classes": gathered.left_out,
        "trained_on": gathered.trained,
        "judge_has_seen": gathered.judged,
        "files_not_taken": len(gathered.refused),
    }


def realism_to_json(realism: Mapping[str, Mapping[str, Realism]]) -> dict[str, Any]:
    """Returns kernel distances in the form of estimates, by extractor, target and set of images."""
    found: dict[str, Any] = {}
    for extractor, targets in realism.items():
        for target, one in targets.items():
            floor = one.counterfactuals.floor
            estimates = {
                name: {"value": each.value, "low": each.low, "high": each.high, "n": each.generated_images}
                for name, each in (("counterfactuals", one.counterfactuals), ("originals", one.originals))
            }
            real = {"value": floor.real, "low": floor.low, "high": floor.high, "n": floor.images}
            same = {"counterfactuals_at_floor": floor.generated, "real_images": one.counterfactuals.real_images}
            found.setdefault(extractor, {})[target] = {**estimates, "floor": real, **same}
    return found
