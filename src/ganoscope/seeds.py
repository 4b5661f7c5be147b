"""Named streams of random numbers: every generator is made here, and its name says what it draws.

A stream is `numpy.random.default_rng([seed, key, *path])`: the seed is the user's, the key belongs to the stream, and
the path tells its parts apart, such as the number of an image. Numbers of different keys or paths are independent.
Only phantoms make their own generators (`ganoscope.data.phantoms`): there the integers are the phantom's identity.

Several streams share a key with streams that have nothing to do with them, because earlier versions used the same
integer for them. Those keys are kept, so that results of earlier versions can be repeated, until the streams are
separated on purpose.
"""

from enum import Enum, unique

import numpy as np

SAMPLE_NOISE_SEED = 20_161_107
"""Seed of the noise of a run's sample grids: the same for all runs, so that their grids can be compared."""
TEACHER_SEED = 0
"""Seed of the interval of a teacher's AUROC: whether a teacher is accepted does not depend on the user's seed."""
DOMAIN_OFFSET = 1_000_003
"""Added to the seed for domain B, so that domains of equal size are not in step."""


@unique
class Stream(Enum):
    """Streams by name: (keys, what is drawn). Without a key, the seed and the path alone decide."""

    # data
    SHORTCUT_GROUPS = (1,), "groups that the search for shortcuts looks at"
    SHORTCUT_RESAMPLES = (2,), "groups of each bootstrap resample of a shortcut's AUROC"
    SHORTCUT_FOLDS = (3,), "order in which groups are dealt out to folds"
    SPLITS = (11,), "groups of the validation and test split"
    # feeding: a path of (pass) or (class, pass)
    AUGMENTATION = (6,), "factors of each training image's augmentation"
    PASSES = (3,), "order of each pass over all training images"
    ADDED_PASSES = (67,), "order of each pass over images that were added to train on"
    CLASS_PASSES = (4,), "order of each pass over the images of one class"
    CLASS_ORDER = (5,), "order of the classes in each round of a balanced feed"
    # training
    TRAINING_STEP = (), "a training step's noise and dropout; path: process, images seen"
    CLASSIFIER_STEP = (), "a classifier's dropout in one step; path: images seen"
    ADAPTATION = (41,), "images that overfitting of the discriminator is measured on; path: images seen"
    SAMPLE_NOISE = (), "noise of a run's sample grids"
    # generation
    NOISE = (23,), "noise of generated images; path: number of the image"
    LABELS = (8,), "classes of generated images"
    # statistics
    BOOTSTRAP = (31,), "groups of each bootstrap resample"
    DISTANCE_BOOTSTRAP = (43,), "groups of each bootstrap resample of a distance between sets"
    TEACHER_BOOTSTRAP = (), "groups of each bootstrap resample of a teacher's AUROC"
    # evaluate
    RANDOM_NETWORK = (41,), "weights of the random feature extractor"
    FLOOR_HALVES = (47,), "halves of real images that the floor of a distance is measured between"
    HU_FLOOR_HALVES = (53,), "halves of patients that the floor of the HU distance is measured between"
    DIVERSITY_IMAGES = (31,), "real images that diversity is measured on"
    DIVERSITY_PAIRS = (37,), "pairs of images that are compared"
    MEASURED_IMAGES = (61,), "real images that a run is measured against"
    # studies: a path of (split, ...)
    OUTER_SPLITS = (71,), "groups that are held out; path: repetition"
    INNER_SPLITS = (73,), "groups of the inner validation split; path: outer split"
    REDUCED_TRAINING = (79,), "training groups that are kept at a fraction of the real data; path: outer split"
    SPLIT_TASKS = (89,), "seeds of generators and classifiers; path: outer split, kind of task, number"
    ARM_IMAGES = (83,), "images that an arm adds; path: outer split, arm"
    ANALYSED_IMAGES = (97,), "images that the analysis of a study looks at; path: what for"
    # banks
    BANK_HALVES = (101,), "groups that the two models of a pair learn from; path: pair"
    BANK_MODELS = (103,), "seed of a model's training; path: model"
    BANK_LABELS = (107,), "classes of the images that all models of a bank draw"
    BANK_SHOWN = (109,), "real images that the samples of a bank are shown beside"
    # membership
    MEMBERSHIP_IMAGES = (141,), "real images that attacks are tried on; path: set"
    MEMBERSHIP_SPLITS = (142,), "patients of the random splits that attacks must beat; path: control"
    MEMBERSHIP_FOLDS = (143,), "patients of the folds of the two-sample test"
    MEMBERSHIP_LABELS = (144,), "patients' labels in the permutations of the two-sample test"
    MEMBERSHIP_BOOTSTRAP = (145,), "patients of each bootstrap resample of an attack's AUC"
    INVERSION_STARTS = (146,), "noise that the inversion of a generator starts from"
    SYNTHETIC_IMAGES = (147,), "synthetic images that attacks look at"
    # audits
    AUDITED_IMAGES = (151,), "images that fidelity and diversity are measured on; path: set"
    PAIRED_IMAGES = (152,), "images that are compared in pairs; path: set"
    ENSEMBLE_SEEDS = (153,), "seeds of the classifiers of an ensemble"
    ENSEMBLE_IMAGES = (154,), "real images that an ensemble learns from"
    TISSUE_FLOOR_HALVES = (155,), "halves of patients that the floor of a tissue's HU is measured between"
    METRIC_SPLIT = (161,), "patients that the training of a metric network is stopped by"
    METRIC_BATCHES = (162,), "patients, images and their alteration in each training step; path: step"
    METRIC_WEIGHTS = (163,), "first weights of a metric network, and its dropout"
    PATIENT_PAIRS = (164,), "patients of each resample of the AUROC of pairs of images"
    ALTERED_COPIES = (165,), "training images, and their alteration, that the power of an audit is measured with"
    NULL_IMAGES = (167,), "image of each held-out patient that p-values are computed from"
    SET_DIVISIONS = (169,), "divisions of patients that training and held-out ones are compared with"
    PLANTED_IMAGES = (168,), "images of training patients that the power of an audit is measured with"
    INFERRED_CLASSES = (166,), "patients of each resample of the accuracy of an inferred class"
    COPY_NULL = (131,), "held-out images that resemblance by chance is measured on"
    PLANTED_COPIES = (
        (133,),
        "real images that are copied, and how the copies are altered, to see whether they are found",
    )
    # explanation and counterfactuals
    SHOWN_ANSWERS = (41,), "right and wrong answers of a classifier whose heat maps are shown"
    SUBJECTS = (43,), "real images that are explained"
    DISPLACEMENT = (37,), "shifts and reflections that turn heat maps into random ones"
    DELETION_TIES = (41,), "order of pixels of equal attention"
    DOMAIN_IMAGES = (59,), "real images of a domain that counterfactuals are compared with"
    # pages
    CONTACT_SHEET = (), "images on a contact sheet"
    INSPECTED_IMAGES = (), "images that are measured for the page about a store"
    STRIP_POINTS = (), "points that a strip chart shows, and their scatter"

    @property
    def keys(self) -> tuple[int, ...]:
        """Integers between the seed and the path."""
        return self.value[0]


def make_entropy(seed: int, name: Stream, *path: int) -> np.random.SeedSequence:
    """Returns the entropy that all numbers of a stream come from.

    Args:
        seed: Seed of the run or result, 0 or above.
        name: The stream.
        path: Numbers, 0 or above, of the part of the stream, such as the number of an image.
    """
    return np.random.SeedSequence([seed, *name.keys, *path])


def stream(seed: int, name: Stream, *path: int) -> np.random.Generator:
    """Returns the generator of a stream; arguments as in `make_entropy`.

    Example:
        >>> first, again, other = (stream(0, Stream.NOISE, image).random() for image in (5, 5, 6))
        >>> first == again, first == other
        (True, False)
    """
    return np.random.default_rng(make_entropy(seed, name, *path))


def counter_stream(seed: int, name: Stream, path: tuple[int, ...], position: int) -> np.random.Generator:
    """Returns a counter-based generator that begins anywhere in its stream without drawing what comes before.

    Args:
        seed: Seed of the run.
        name: The stream.
        path: Numbers of the part of the stream.
        position: Values of the counter to skip; each gives four numbers of 64 bits.

    Source: Philox: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405
    """
    key = make_entropy(seed, name, *path).generate_state(2, np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=position))


def legacy_stream(seed: int) -> np.random.RandomState:
    """Returns the generator that scikit-learn makes of a seed, where an order must be the one that it draws."""
    return np.random.RandomState(seed)


def make_torch_seed(seed: int, name: Stream, *path: int) -> int:
    """Returns a seed of 32 bits for `torch.manual_seed`; arguments as in `make_entropy`."""
    return int(make_entropy(seed, name, *path).generate_state(1)[0])


def make_domain_seed(seed: int, domain: int) -> int:
    """Returns the seed of one domain's feed: 0 for domain A, 1 for domain B.

    Example:
        >>> make_domain_seed(7, 0), make_domain_seed(7, 1)
        (7, 1000010)
    """
    return seed + DOMAIN_OFFSET * domain
