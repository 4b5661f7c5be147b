"""Conclusions from all images: findings, alarms and a summary, and their files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.alarms import Alarm, run_checks, save_alarms
from ganoscope.counterfactuals.checks import CHECKS
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.results.gathered import Gathered
from ganoscope.counterfactuals.results.provenance import describe_origin
from ganoscope.counterfactuals.results.set_measures import HuFidelity, SetMeasures
from ganoscope.counterfactuals.results.set_summary import write_summary
from ganoscope.counterfactuals.translation.batches import Setting
from ganoscope.data.store import QUARANTINE_COLUMNS
from ganoscope.evaluate.counterfactual.measures import join
from ganoscope.evaluate.counterfactual.set_checks import find_alarms
from ganoscope.evaluate.counterfactual.set_findings import Findings, Realism, summarise
from ganoscope.explanation.findings import to_plain
from ganoscope.files import save_json
from ganoscope.files.tables import save_csv

SCHEMA_VERSION = 2
"""2: results by direction, without any over both."""


@dataclass(frozen=True)
class Conclusion:
    """Conclusions from all images.

    Attributes:
        findings: Means with intervals.
        realism: Kernel distances to real images, by extractor and direction.
        fidelity: Distances of Hounsfield units, by direction; empty where pixels are not HU.
        alarms: What to know before relying on the findings.
        summary: The findings in plain sentences.
    """

    findings: Findings
    realism: Mapping[str, Mapping[str, Realism]]
    fidelity: Mapping[str, HuFidelity]
    alarms: list[Alarm]
    summary: str


def conclude(setting: Setting, gathered: Gathered, sets: SetMeasures, seed: int) -> Conclusion:
    """Returns the conclusions from all images.

    Args:
        setting: Run and classifiers.
        gathered: Measures of all images.
        sets: Features and histograms of all images.
        seed: Seed of the resampling.
    """
    findings = summarise(join(gathered.measures), np.array(gathered.directions), gathered.groups, seed)
    realism, fidelity = sets.compare_features(), sets.compare_hu()
    alarms = [*find_alarms(findings), *run_checks(CHECKS, gathered.count(setting))]
    return Conclusion(findings, realism, fidelity, alarms, write_summary(setting, findings, realism, fidelity))


def save_conclusion(
    folder: Path, setting: Setting, gathered: Gathered, found: Conclusion, config: CounterfactualConfig
) -> None:
    """Writes `results.json`, `alarms.json`, `summary.txt` and, where files were refused, `quarantine.csv`.

    Args:
        folder: Where to write.
        setting: Run and classifiers.
        gathered: Counts of the images.
        found: What was found over them.
        config: What was requested.
    """
    save_alarms(folder / "alarms.json", found.alarms)
    (folder / "summary.txt").write_text(found.summary, encoding="utf-8")
    if gathered.refused:
        rows = ({"source": one.file, "reason": one.reason} for one in gathered.refused)
        save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, rows)
    results = {
        "schema_version": SCHEMA_VERSION,
        **describe_origin(setting, config),
        "images": gathered.describe(),
        "interval": "95% percentile bootstrap over groups, 2,000 resamples; Wilson's where all images agree",
        "measures": {"sets": to_plain({name: dict(each) for name, each in found.findings.summary.items()})},
        "transfer_margin": to_plain(dict(found.findings.transfer_margin)),
        "realism": to_plain(realism_to_json(found.realism)),
        "hu_fidelity": to_plain({direction: asdict(one) for direction, one in found.fidelity.items()}),
        "alarms": list(dict.fromkeys(alarm.code for alarm in found.alarms)),
    }
    save_json(folder / "results.json", results)


def realism_to_json(realism: Mapping[str, Mapping[str, Realism]]) -> dict[str, Any]:
    """Returns kernel distances in the form of estimates, by extractor, direction and set of images."""
    found: dict[str, Any] = {}
    for extractor, targets in realism.items():
        for direction, one in targets.items():
            floor = one.counterfactuals.floor
            estimates = {
                name: {"value": each.value, "low": each.low, "high": each.high, "n": each.generated_images}
                for name, each in (("counterfactuals", one.counterfactuals), ("originals", one.originals))
            }
            real = {"value": floor.real, "low": floor.low, "high": floor.high, "n": floor.images}
            same = {"counterfactuals_at_floor": floor.generated, "real_images": one.counterfactuals.real_images}
            found.setdefault(extractor, {})[direction] = {**estimates, "floor": real, **same}
    return found
