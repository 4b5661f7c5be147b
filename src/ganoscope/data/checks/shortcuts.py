"""Shortcuts that need no pixels: properties of the pictures that reveal their class.

For every property, a small decision tree learns the class of some patients and predicts it for the others. Where it
clearly beats chance, a classifier, or the classes of a GAN, can do the same without looking at the disease. Each
property's score is the area under the ROC curve (AUC), the mean over classes against the rest, of probabilities out of
fold. Alarms are rare without cause: 1 in 1,000 made-up stores of 30 to 600 images (200 each of five kinds, patients of
2 to 4 images, 2 to 4 classes) whose ten properties agree with each other and within patients, but not with the classes.

Source: Zech, Badgeley, Liu et al. 2018, "Variable generalization performance of a deep learning model to detect
    pneumonia in chest radiographs", https://doi.org/10.1371/journal.pmed.1002683; AUC of several classes: Hand, Till
    2001, https://doi.org/10.1023/A:1010920819831, here each class against the rest; groups resampled as wholes: Field,
    Welsh 2007, "Bootstrapping clustered data", https://doi.org/10.1111/j.1467-9868.2007.00593.x
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.files.records import Number
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.auroc import compute_auroc
from ganoscope.statistics.bootstrap import SHORTCUT_RESAMPLES, draw_weights
from ganoscope.statistics.estimate import LEVEL, compute_percentile_interval

MOST_IMAGES = 20_000
"""More images than this add no information: whole groups are drawn at random."""
FOLDS, FEWEST_GROUPS = 5, 4  # classes with fewer groups than the second take no part
DEPTH, LEAF_SHARE, LEAF_LEAST = 4, 0.01, 5
"""Depth of the tree, and fewest images in a leaf as a share and as a number."""
MOST_CATEGORIES = 40
"""Categories distinguished, the commonest first; the others count as one."""
ALARMING, GRAVE = 0.65, 0.9
"""An interval that lies above the first is worth a warning, above the second a danger."""
TOGETHER = "all of these together"

Columns: TypeAlias = Mapping[str, NDArray[np.str_]]
Features: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Shortcut:
    """How well one property of the pictures predicts their class.

    Attributes:
        name: The property.
        auc: Mean over classes of the area under the ROC curve; 0.5 is chance.
        low: Lower end of its interval; the intervals of a store hold together with 95% probability.
        high: Upper end.
        images: Number of images that it was measured on.
        note: The property in each class, in plain words, and whether images were left out.
    """

    name: str
    auc: Number
    low: Number
    high: Number
    images: int
    note: str


@dataclass(frozen=True)
class Property:
    """One property of the pictures, of one or more columns of the manifest.

    Attributes:
        name: Name in alarms.
        columns: The columns it is taken from.
        encode: Turns the columns, (N,) each, into numbers of shape (N, features); NaN is missing.
        remedy: What to do about it.
    """

    name: str
    columns: tuple[str, ...]
    encode: Callable[[Sequence[NDArray[np.str_]]], Features]
    remedy: str


def encode_numbers(columns: Sequence[NDArray[np.str_]]) -> Features:
    """Returns the numbers in texts such as "0.5 x 0.7", shape (N, numbers); NaN where a text has fewer."""
    return np.concatenate([np.asarray(map_texts(texts, find_numbers), np.float32) for texts in columns], axis=1)


def find_numbers(text: str) -> list[float]:
    """Returns the first two numbers in a text, NaN where there are fewer."""
    found = [float(number) for number in re.findall(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", text)[:2]]
    return found + [np.nan] * (2 - len(found))


def encode_aspect(columns: Sequence[NDArray[np.str_]]) -> Features:
    """Returns width over height, shape (N, 1), from the columns of height and width."""
    height, width = (texts.astype(np.float32) for texts in columns)
    return np.round(width / height, 3)[:, None]


def encode_markers(columns: Sequence[NDArray[np.str_]]) -> Features:
    """Returns the number of markers in texts such as "1 2 3 4; 5 6 7 8", shape (N, 1)."""
    return np.asarray(map_texts(columns[0], lambda text: [text.count(";") + (text != "")]), np.float32)


def encode_categories(columns: Sequence[NDArray[np.str_]]) -> Features:
    """Returns a column of 0 and 1 for each of the `MOST_CATEGORIES` commonest categories, shape (N, categories)."""
    names, codes, counts = np.unique(columns[0], return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[: min(MOST_CATEGORIES, len(names))]
    return (codes[:, None] == common).astype(np.float32)


def map_texts(texts: NDArray[np.str_], change: Callable[[str], list[float]]) -> NDArray[np.float64]:
    """Returns the result of `change` for every text, shape (N, numbers); equal texts are processed once."""
    names, codes = np.unique(texts, return_inverse=True)
    return np.array([change(str(name)) for name in names])[codes]


MATCH = "Take the same share of every class from each source, or report results for each separately."
CROP = "Crop all to one shape (--fit crop or body); what the crops show may still differ."
PROPERTIES = (
    Property("image size", ("height_px", "width_px"), encode_numbers, MATCH),
    Property("aspect ratio", ("height_px", "width_px"), encode_aspect, CROP),
    Property("colour", ("coloured",), encode_categories, MATCH),
    Property("source folder", ("folder",), encode_categories, MATCH),
    Property("pixel spacing", ("spacing_mm",), encode_numbers, "Resample to one spacing: --spacing-mm."),
    Property("slice thickness", ("thickness_mm",), encode_numbers, "Keep to one thickness, or match the classes."),
    Property("view", ("view",), encode_categories, "Keep to one view, or match the classes."),
    Property("modality", ("modality",), encode_categories, "Keep to one modality: --only-modality."),
    Property("intensity scale", ("raw_low", "raw_high"), encode_numbers, MATCH),
)
PROPERTIES_OF_SEARCHED = (
    Property("burnt-in markers", ("markers",), encode_markers, "Crop or cover them: look at their gallery."),
)
"""Known only for images that were searched (size and chance decide which), so that they are measured on those only."""


def find_shortcuts(columns: Columns, seed: int = 0) -> list[Shortcut]:
    """Returns how well each property predicts the class, the most predictive first.

    Properties that are the same in all images are left out; with fewer than two classes of enough groups all are.
    Burnt-in markers are measured on the images that were searched for them, apart from all properties together.

    Args:
        columns: Columns of the manifest by name, shape (N,), with `label`, `group`, `searched`; unlabelled rows are
        left out.
        seed: Random seed of folds, trees, resampling and the choice among more than `MOST_IMAGES` images.
    """
    seen = choose_images(columns, np.full(len(columns["label"]), True), seed)
    searched = choose_images(columns, columns["searched"] == "yes", seed)
    telling, of_searched = find_telling(PROPERTIES, seen), find_telling(PROPERTIES_OF_SEARCHED, searched)
    if len(telling) > 1:
        telling[TOGETHER] = np.concatenate([features for features, _ in telling.values()], axis=1), ", ".join(telling)
    intervals, images = len(telling) + len(of_searched), len(columns["label"])
    found = judge(telling, seen, images, intervals, seed) + judge(of_searched, searched, images, intervals, seed)
    return sorted(found, key=lambda shortcut: -shortcut.auc)


def find_telling(properties: Iterable[Property], columns: Columns) -> dict[str, tuple[Features, str]]:
    """Returns the properties that differ between images, by name: as numbers, and described for each class."""
    return {
        item.name: (features, describe_classes(item, columns))
        for item in properties
        if (features := encode(item, columns)) is not None
    }


def judge(
    telling: Mapping[str, tuple[Features, str]], columns: Columns, images: int, intervals: int, seed: int
) -> list[Shortcut]:
    """Returns how well properties, from `find_telling`, predict the class of the images that take part.

    Args:
        telling: Numbers and note of each property.
        columns: Columns of the images that take part.
        images: Number of images in the store.
        intervals: Number of intervals that hold together.
        seed: Random seed of folds, trees and resampling.
    """
    if not telling:
        return []
    labels, groups = (np.unique(columns[name], return_inverse=True)[1] for name in ("label", "group"))
    trial = make_trial(labels, groups, intervals, seed)
    left = f"; {images - len(labels):,} other images took no part" if images > len(labels) else ""
    return [
        Shortcut(name, *measure(trial, features), len(labels), note + left)
        for name, (features, note) in telling.items()
    ]


def shortcut_alarms(shortcuts: Iterable[Shortcut]) -> list[Alarm]:
    """Returns an alarm for every property that predicts the class; for all together only where no single one does."""
    telling = [shortcut for shortcut in shortcuts if shortcut.low > ALARMING]
    single = [shortcut for shortcut in telling if shortcut.name != TOGETHER]
    return [make_alarm(shortcut) for shortcut in single or telling]


def make_alarm(shortcut: Shortcut) -> Alarm:
    """Returns the alarm for one property."""
    remedies = {item.name: item.remedy for item in PROPERTIES + PROPERTIES_OF_SEARCHED}
    message = (
        f"the class can be predicted without looking at the picture, from {shortcut.name}: AUC {shortcut.auc:.2f} "
        f"(interval {shortcut.low:.2f} to {shortcut.high:.2f}; 0.5 is chance) on {shortcut.images:,} images "
        f"({shortcut.note}). Networks may learn this instead of the disease. {remedies.get(shortcut.name, MATCH)}"
    )
    rounded = {name: round(getattr(shortcut, name), 4) for name in ("auc", "low", "high")}
    return Alarm(
        "metadata_shortcut",
        "danger" if shortcut.low > GRAVE else "warning",
        message,
        {"property": shortcut.name, **rounded, "images": shortcut.images},
    )


def choose_images(columns: Columns, known: NDArray[np.bool_], seed: int) -> Columns:
    """Returns the columns of the images that take part.

    Args:
        columns: Columns of the manifest by name, shape (N,) each.
        known: Images to choose from, shape (N,).
        seed: Random seed of the choice.
    """
    among = np.flatnonzero(known)
    rows = among[choose_rows(columns["label"][among], columns["group"][among], seed)]
    return {name: texts[rows] for name, texts in columns.items()}


def choose_rows(labels: NDArray[np.str_], groups: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Returns the images that take part: labelled, of classes with enough groups, whole groups, at most `MOST_IMAGES`.

    Args:
        labels: Class of each image, shape (N,); "" without one.
        groups: Group of each image, shape (N,).
        seed: Random seed of the choice.
    """
    rows = np.flatnonzero(labels != "")
    names, member, sizes = np.unique(groups[rows], return_inverse=True, return_counts=True)
    order = stream(seed, Stream.SHORTCUT_GROUPS).permutation(len(names))
    drawn = order[np.cumsum(sizes[order]) <= MOST_IMAGES] if len(rows) > MOST_IMAGES else order
    rows = rows[np.isin(member, drawn)]
    pairs = np.unique(np.stack([labels[rows], groups[rows]]), axis=1)
    classes, counts = np.unique(pairs[0], return_counts=True)
    kept = classes[counts >= FEWEST_GROUPS]
    return rows[np.isin(labels[rows], kept)] if len(kept) > 1 else rows[:0]


def encode(item: Property, columns: Columns) -> Features | None:
    """Returns a property as numbers, shape (N, features); None where it is not known, or the same in all images."""
    if not all(name in columns and len(columns[name]) for name in item.columns):
        return None
    features = item.encode([columns[name] for name in item.columns])
    same = (features == features[0]) | (np.isnan(features) & np.isnan(features[0]))
    features = features[:, ~same.all(axis=0)]
    return features if features.shape[1] else None


def describe_classes(item: Property, columns: Columns) -> str:
    """Returns the median, or the commonest value, of a property in each class."""
    texts = [columns[name] for name in item.columns]
    parts = []
    for name in np.unique(columns["label"]):
        inside = columns["label"] == name
        if item.encode is encode_categories:
            values, counts = np.unique(texts[0][inside], return_counts=True)
            parts.append(f"{name}: {counts.max() / counts.sum():.0%} {values[counts.argmax()] or 'unknown'}")
        else:
            features = item.encode([text[inside] for text in texts])
            known = features[:, ~np.isnan(features).all(axis=0)]
            parts.append(f"{name}: {' x '.join(f'{value:.4g}' for value in np.nanmedian(known, axis=0)) or 'unknown'}")
    return f"{'commonest' if item.encode is encode_categories else 'median'} {', '.join(parts)}"


@dataclass(frozen=True)
class Trial:
    """Folds and resamples on which all properties of the same images are measured.

    Attributes:
        labels: Class of each image, 0 to classes - 1, shape (N,).
        groups: Group of each image, 0 to groups - 1, shape (N,).
        folds: Training rows and held-out rows of every fold.
        times: How often each resample holds each group, shape (SHORTCUT_RESAMPLES, groups).
        level: Level of each interval.
        seed: Random seed of the trees.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    folds: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
    times: NDArray[np.float32]
    level: float
    seed: int


def make_trial(labels: NDArray[np.int64], groups: NDArray[np.int64], intervals: int, seed: int) -> Trial:
    """Returns the folds and resamples that all measurements of a store share.

    Args:
        labels: Class numbers, shape (N,).
        groups: Group numbers, shape (N,).
        intervals: Number of intervals computed for the store, for the Bonferroni correction.
        seed: Random seed.
    """
    random = stream(seed, Stream.SHORTCUT_RESAMPLES)
    drawn = draw_weights(np.arange(int(groups.max()) + 1), random, SHORTCUT_RESAMPLES)
    times = np.concatenate([block.astype(np.float32) for block in drawn])
    level = 1 - (1 - LEVEL) / intervals  # holds for all intervals of a store together (Bonferroni)
    return Trial(labels, groups, make_folds(labels, groups, seed), times, level, seed)


def measure(trial: Trial, features: Features) -> tuple[float, float, float]:
    """Returns (AUC, lower end, upper end) of a property, shape (N, features)."""
    answers, member = np.unique(predict(trial, features), axis=0, return_inverse=True)
    counts = count_answers(trial, member.ravel(), len(answers))
    aucs = compute_macro_aucs(counts, answers)
    finite = aucs[1:][np.isfinite(aucs[1:])]
    low, high = compute_percentile_interval(finite, trial.level) if len(finite) else (0.0, 1.0)
    return float(aucs[0]), low, high


def compute_macro_aucs(counts: NDArray[np.float64], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean over classes of the AUC against the rest, shape (B,); NaN where a class is missing.

    Args:
        counts: How often each answer was given to each class, shape (B, K, answers).
        answers: Probability of each class in each answer, shape (answers, K).
    """
    number, classes = answers.shape
    truth, weights = np.repeat(np.arange(classes), number), counts.reshape(len(counts), -1)
    aucs = [compute_auroc(np.tile(answers[:, k], classes), truth == k, weights) for k in range(classes)]
    return np.asarray(np.mean(aucs, axis=0))


def predict(trial: Trial, features: Features) -> NDArray[np.float64]:
    """Returns the probability of each class out of fold, shape (N, classes)."""
    from sklearn.tree import DecisionTreeClassifier

    answers = np.zeros((len(trial.labels), int(trial.labels.max()) + 1))
    leaf = max(LEAF_LEAST, round(LEAF_SHARE * len(trial.labels)))
    for train, test in trial.folds:
        tree = DecisionTreeClassifier(
            max_depth=DEPTH, min_samples_leaf=leaf, class_weight="balanced", random_state=trial.seed
        )
        tree.fit(features[train], trial.labels[train])
        answers[np.ix_(test, tree.classes_)] = tree.predict_proba(features[test])
    return np.round(answers, 6)


def count_answers(trial: Trial, member: NDArray[np.int64], answers: int) -> NDArray[np.float64]:
    """Returns how often each answer was given to each class, first in truth, then in R resamples: (1 + R, K, answers).

    Args:
        trial: Folds and resamples.
        member: Number of the answer that each image got, shape (N,).
        answers: Number of different answers.
    """
    from scipy.sparse import csr_array

    classes = int(trial.labels.max()) + 1
    cells = trial.labels * answers + member
    shape = (trial.times.shape[1], classes * answers)
    table = csr_array((np.ones(len(cells), np.float32), (trial.groups, cells)), shape=shape)
    resampled = (table.T @ trial.times.T).T
    counts = np.concatenate([table.sum(axis=0)[None], resampled], dtype=np.float64)
    return counts.reshape(-1, classes, answers)


def make_folds(
    labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Returns (training rows, held-out rows) of every fold; no group is in both, and classes are spread evenly.

    Groups are shuffled, sorted by commonest class and size, and dealt out; `StratifiedGroupKFold` takes 9 s for 20,000.

    Args:
        labels: Class numbers, shape (N,).
        groups: Group numbers, shape (N,).
        seed: Random seed.
    """
    shape = (int(groups.max()) + 1, int(labels.max()) + 1)
    table = np.bincount(groups * shape[1] + labels, minlength=shape[0] * shape[1]).reshape(shape)
    folds = min(FOLDS, int((table > 0).sum(axis=0).min()))
    shuffled = stream(seed, Stream.SHORTCUT_FOLDS).permutation(shape[0])
    order = shuffled[np.lexsort((-table[shuffled].sum(axis=1), table[shuffled].argmax(axis=1)))]
    fold = np.empty(shape[0], np.int64)
    fold[order] = np.arange(shape[0]) % folds
    return [(np.flatnonzero(fold[groups] != k), np.flatnonzero(fold[groups] == k)) for k in range(folds)]


def find_shortcut_alarms(tables: StoreTables) -> list[Alarm]:
    """Returns the alarms about a store's shortcuts."""
    return shortcut_alarms(find_shortcuts(tables.columns))


CHECK = Check(
    ("metadata_shortcut",),
    "metadata that reveals the class",
    find_shortcut_alarms,
    f"the AUC's interval lies above {ALARMING}",
    rank=160,
)
