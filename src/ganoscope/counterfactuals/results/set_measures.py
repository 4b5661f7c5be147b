"""Measures sets of images, not single ones: realism and, for CT, the fidelity of Hounsfield units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store.domains import Domain
from ganoscope.evaluate.counterfactual.set_findings import Realism, measure_realism
from ganoscope.evaluate.features import (
    Extractor,
    Features,
    extract_store_features,
    make_random_extractor,
    stream_features,
    use_classifier,
)
from ganoscope.evaluate.units.hu_fidelity import HuDistance, HuHistogram, compare_histograms, measure_floor
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate

MOST = 2000
"""Most images of a set whose features are compared: the cost of the distance grows with their square."""


@dataclass
class SetMeasures:
    """Features and histograms of all images, gathered batch by batch.

    Attributes:
        setting: Run and intensity map.
        domains: Domains of the run with their real images; empty where these are gone.
        judge: The independent classifier, a second feature extractor; None without one.
        seed: Random seed.
        features: Features by extractor, target, and `counterfactual` or `image`; shape (features,) each.
        groups: Patient or near-duplicate cluster of each image, by target.
        histograms: Histograms of Hounsfield units by target, and `counterfactual` or `image`.
    """

    setting: Setting
    domains: Mapping[str, Domain]
    judge: TrainedClassifier | None
    seed: int
    features: dict[tuple[str, str, str], list[NDArray[np.float64]]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    histograms: dict[tuple[str, str], HuHistogram] = field(default_factory=dict)

    @cached_property
    def extractors(self) -> tuple[Extractor, ...]:
        """A random network and the independent classifier; counterfactuals are optimised for the explained one."""
        device = str(self.setting.translator.device)
        return (make_random_extractor(device=device), *([use_classifier(self.judge)] if self.judge else []))

    def add(self, batch: Translated) -> None:
        """Takes a batch."""
        if not self.domains:
            return
        for target in np.unique(batch.pairs.target).tolist():
            chosen = np.flatnonzero((batch.pairs.target == target) & ~batch.pairs.already)
            if len(chosen) and len(self.groups.get(target, [])) < MOST:
                self._add_features(batch, target, chosen)
            if len(chosen) and self.setting.intensity.unit == "HU":
                self._add_histograms(batch, target, chosen)

    def _add_features(self, batch: Translated, target: str, chosen: NDArray[np.int64]) -> None:
        self.groups.setdefault(target, []).extend(batch.cases[index].group for index in chosen)
        for extractor in self.extractors:
            for name in ("counterfactual", "image"):
                images = getattr(batch.pairs, name)[chosen].cpu().numpy()
                found = self.features.setdefault((extractor.name, target, name), [])
                found.extend(stream_features(extractor, [images]))

    def _add_histograms(self, batch: Translated, target: str, chosen: NDArray[np.int64]) -> None:
        groups = [batch.cases[index].group for index in chosen]
        padding = np.stack([batch.cases[index].pixels == PADDING_HU for index in chosen])
        for name in ("counterfactual", "image"):
            images = getattr(batch.pairs, name)[chosen, 0].cpu().numpy()
            pixels = np.where(padding, PADDING_HU, self.setting.intensity.to_pixels(images))
            histogram = self.histograms.setdefault((target, name), HuHistogram(self.setting.intensity))
            histogram.add(pixels, groups)

    def compare_features(self) -> dict[str, dict[str, Realism]]:
        """Returns the kernel distances to real images of each target domain, by extractor and direction."""
        found: dict[str, dict[str, Realism]] = {}
        for extractor in self.extractors if self.groups else ():
            for target, groups in self.groups.items():
                own = [
                    Features(
                        np.concatenate(self.features[extractor.name, target, name]),
                        np.array(groups),
                        extractor.name,
                        extractor.weights_sha256,
                    )
                    for name in ("counterfactual", "image")
                ]
                real = self._load_real(extractor, target, "train")
                peer = self._load_real(extractor, target, "validation", "test")
                realism = real and measure_realism(own[0], own[1], real, peer, self.seed)
                if realism:
                    found.setdefault(extractor.name, {})[self.setting.translator.name_direction(target)] = realism
        return found

    def _load_real(self, extractor: Extractor, target: str, *parts: str) -> Features | None:
        """Returns the features of randomly chosen real images of a domain; None where there are too few."""
        domain = self.domains[target]
        indices = stream(self.seed, Stream.DOMAIN_IMAGES).permutation(domain.indices(*parts))[:MOST]
        if len(np.unique(domain.store.column("group")[indices])) < 2:
            return None
        return extract_store_features(extractor, domain.store, np.sort(indices))

    def compare_hu(self) -> dict[str, "HuFidelity"]:
        """Returns the distances of Hounsfield units to the target domain by direction; empty if pixels are not HU."""
        targets = {self.setting.translator.name_direction(target): target for target, _ in self.histograms}
        return {direction: self._compare_hu_to(target) for direction, target in sorted(targets.items())}

    def _compare_hu_to(self, target: str) -> "HuFidelity":
        real, domain = HuHistogram(self.setting.intensity), self.domains[target]
        held_out = domain.indices("validation", "test")
        indices = held_out if len(held_out) else domain.indices("train")
        groups = domain.store.column("group")[indices]
        for index, group in zip(indices, groups.tolist(), strict=True):
            real.add(np.asarray(domain.store.images[index])[None], [group])
        after, before = (self.histograms[target, name] for name in ("counterfactual", "image"))
        return HuFidelity(
            before=compare_histograms(before, real, self.seed),
            after=compare_histograms(after, real, self.seed),
            floor=measure_floor(real, self.seed),
            real_images=real.images,
            real_split="held out" if len(held_out) else "train",
        )


@dataclass(frozen=True)
class HuFidelity:
    """Distances of Hounsfield units to those of a target domain, before and after translation.

    Attributes:
        before: Distance of the images as given.
        after: Distance of the counterfactuals.
        floor: Wasserstein distance between halves of the real images; None with fewer than two patients.
        real_images: Number of real images of the target domain.
        real_split: Split that these are from: `held out`, or `train` where no others exist.
    """

    before: HuDistance
    after: HuDistance
    floor: Estimate | None
    real_images: int
    real_split: str
