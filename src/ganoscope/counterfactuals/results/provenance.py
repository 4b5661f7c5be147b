"""The provenance of counterfactuals: run, classifiers and protocol, as written to `results.json`."""

from dataclasses import asdict
from typing import Any

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.translation.batches import Setting
from ganoscope.data.writers import TRANSLATED
from ganoscope.evaluate.counterfactual.measures import BLUR_PX, CHANGED, MARGIN_PX
from ganoscope.training.run_folder.record import list_versions


def describe_origin(setting: Setting, config: CounterfactualConfig) -> dict[str, Any]:
    """Returns run, classifiers and protocol; no paths, which may name a person."""
    run, plan = setting.translator.run, setting.plan
    unit = (plan.intensity.high - plan.intensity.low) / 2
    return {
        "synthetic": True,
        "notice": TRANSLATED.text,
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
    """Returns network, training data and weights of a classifier; None without one."""
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
