"""The writing half of `prepare`: takes decoded pictures one by one and turns them into a grouped, split store."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from re import Pattern

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ganoscope.data.duplicates import THUMBNAIL_PX, find_clusters
from ganoscope.data.intensity import IntensityMap
from ganoscope.data.layouts import SourceImage
from ganoscope.data.patients import extract_patient, make_pseudonyms
from ganoscope.data.readers import Picture
from ganoscope.data.splits import Fractions, make_splits
from ganoscope.data.store import COLUMNS, QUARANTINE_COLUMNS, StoreWriter
from ganoscope.errors import UserError

DTYPE_OF_UNIT = {"grey 8 bit": "uint8", "grey 16 bit": "uint16", "HU": "int16"}
FULL_RANGE = {"uint8": (0.0, 255.0), "int16": (-1024.0, 3071.0)}
"""Fixed intensity ranges; 16-bit grey has no common one and takes the range found in the data."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One file after decoding: its pixels at the store's size, or the reason why there are none."""

    source: SourceImage
    pixels: NDArray[np.generic] | None = None
    thumbnail: NDArray[np.float16] | None = None
    picture: Picture | None = None
    digest: str = ""
    reason: str = ""


class Ingest:
    """Writes pixels, provisional rows and thumbnails as they come; `finish` groups, splits and seals the store.

    Only short codes per image stay in memory (some 100 bytes); everything else goes to disk at once.
    """

    def __init__(self, folder: Path, size: int, pattern: Pattern[str] | None) -> None:
        self.folder, self.size, self.pattern = folder, size, pattern
        self.unit = ""
        self.reasons: Counter[str] = Counter()
        self.range = (np.inf, -np.inf)
        self._patients: list[str] = []
        self._labels: list[str] = []
        self._splits: list[str] = []
        self._digests: list[int] = []
        self._copies: Counter[int] = Counter()
        self._rows = (folder / "rows.csv").open("w", newline="", encoding="utf-8")
        self._row_writer = csv.DictWriter(self._rows, COLUMNS, lineterminator="\n")
        self._quarantine = (folder / "quarantine.csv").open("w", newline="", encoding="utf-8")
        self._quarantine_writer = csv.writer(self._quarantine, lineterminator="\n")
        self._quarantine_writer.writerow(QUARANTINE_COLUMNS)
        self._thumbnails = (folder / "thumbnails.bin").open("wb")
        self._writer: StoreWriter | None = None

    def take(self, decoded: Decoded) -> None:
        """Writes one picture to the store, or its reason to the quarantine list."""
        picture, pixels = decoded.picture, decoded.pixels
        if picture is None or pixels is None or decoded.thumbnail is None:
            return self._reject(decoded.source, decoded.reason)
        if self._writer is None:
            self.unit = picture.unit
            self._writer = StoreWriter(self.folder, self.size, DTYPE_OF_UNIT[picture.unit])
        if picture.unit != self.unit:
            return self._reject(decoded.source, f"{picture.unit} in a store of {self.unit}")
        self._writer.append(pixels)
        self._thumbnails.write(decoded.thumbnail.tobytes())
        self.range = (min(self.range[0], float(pixels.min())), max(self.range[1], float(pixels.max())))
        self._write_row(decoded, picture)
        return None

    def _reject(self, source: SourceImage, reason: str) -> None:
        self.reasons[reason] += 1
        self._quarantine_writer.writerow((source.name, reason))

    def _write_row(self, decoded: Decoded, picture: Picture) -> None:
        source, short = decoded.source, int(decoded.digest[:12], 16)
        copy = self._copies[short]
        self._copies[short] += 1
        self._digests.append(short)
        self._patients.append(source.patient or extract_patient(self.pattern, Path(source.name).name))
        self._labels.append(source.label)
        self._splits.append(source.split)
        spacing = picture.spacing_mm
        self._row_writer.writerow(
            {
                "sample_id": decoded.digest[:12] + (f"-{copy}" if copy else ""),
                "label": source.label,
                "source": source.name,
                "source_split": source.split,
                "source_sha256": decoded.digest,
                "height_px": picture.pixels.shape[0],
                "width_px": picture.pixels.shape[1],
                "spacing_mm": f"{spacing[0]:g} x {spacing[1]:g}" if spacing else "",
                "coloured": int(picture.coloured),
            }
        )

    def refuse_unusable(self, source: Path) -> None:
        """Refuses a source without usable images, or one of two kinds of which the second is more frequent.

        Raises:
            UserError: Nothing sound can be made of the source; the message lists the reasons with their counts.
        """
        reasons = "".join(f"\n  {count} x {reason}" for reason, count in self.reasons.most_common(8))
        if self._writer is None:
            raise UserError(f"source {source} holds no usable image; of {self.reasons.total()} file(s):{reasons}")
        mixed = sum(count for reason, count in self.reasons.items() if "in a store of" in reason)
        if mixed > self._writer.count:
            raise UserError(f"source {source} mixes bit depths; allowed: one per store. Separate them:{reasons}")

    def finish(self, name: str, fractions: Fractions, seed: int) -> None:
        """Groups and splits the images, writes the manifest, and seals the store."""
        assert self._writer is not None
        for file in (self._rows, self._quarantine, self._thumbnails):
            file.close()
        groups = self._make_groups()
        labels = np.unique(self._labels, return_inverse=True)[1].astype(np.int32)
        splits = make_splits(groups, labels, np.array(self._splits, np.str_), fractions, seed)
        self._write_manifest(groups, splits, seed)
        for name_done in ("rows.csv", "thumbnails.bin"):
            (self.folder / name_done).unlink()
        dtype = DTYPE_OF_UNIT[self.unit]
        low, high = FULL_RANGE.get(dtype, self.range)
        self._writer.finish(name, IntensityMap(low, high, self.unit, dtype))

    def _make_groups(self) -> NDArray[np.int32]:
        """Returns group numbers: images of one patient, exact copies, and near-duplicates of unknown patients join."""
        known = np.array([bool(patient) for patient in self._patients])
        keys = [patient or f"\0{index}" for index, patient in enumerate(self._patients)]
        return join_groups(
            np.unique(keys, return_inverse=True)[1],
            np.unique(self._digests, return_inverse=True)[1],
            self._near_duplicates(known),
        )

    def _near_duplicates(self, known: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Returns cluster numbers; an image is alone in its cluster where all near-duplicates have known patients."""
        alone = np.arange(len(known), dtype=np.int64)
        if known.all():
            return alone
        shape = (len(known), THUMBNAIL_PX**2)
        clusters = find_clusters(np.memmap(self.folder / "thumbnails.bin", np.float16, "r", shape=shape))
        matters = np.bincount(clusters, weights=~known)[clusters] > 0
        return np.unique(np.where(matters, len(known) + clusters, alone), return_inverse=True)[1]

    def _write_manifest(self, groups: NDArray[np.int32], splits: NDArray[np.str_], seed: int) -> None:
        pseudonyms = make_pseudonyms(self._patients, seed)
        with (
            (self.folder / "rows.csv").open(newline="", encoding="utf-8") as rows,
            (self.folder / "manifest.csv").open("w", newline="", encoding="utf-8") as manifest,
        ):
            writer = csv.DictWriter(manifest, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row, patient, group, split in zip(
                csv.DictReader(rows, COLUMNS), self._patients, groups, splits, strict=True
            ):
                final = {"patient": pseudonyms[patient], "group": f"group-{group:06d}", "split": split}
                writer.writerow({**row, **final})


def join_groups(*partitions: NDArray[np.int64]) -> NDArray[np.int32]:
    """Returns the finest grouping in which whatever shares a number in any of the partitions stays together.

    Example:
        >>> join_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
        [0, 0, 0, 1]
    """
    count = len(partitions[0])
    edges = list(make_edges(partitions, count))
    nodes = count + sum(int(partition.max()) + 1 for partition in partitions)
    rows, columns = (np.concatenate(part) for part in zip(*edges, strict=True))
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1][:count]
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def make_edges(
    partitions: tuple[NDArray[np.int64], ...], count: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yields, for each partition, the edges from every image to the node that stands for its part."""
    offset = count
    for partition in partitions:
        yield np.arange(count), partition + offset
        offset += int(partition.max()) + 1
