"""Classes in the names of files: taken by the pattern that the user states, else only pointed out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ganoscope.data.levels.words import cut_words, is_diagnosis
from ganoscope.data.readers import drop_ending
from ganoscope.data.source.entries import SourceImage
from ganoscope.errors import UserError, describe

ALLOWED = "a regular expression whose (group) is the class, such as '(normal|pneumonia)' or '^([a-z]+)_'"
NAMED_SHARE = 0.9
"""Share of the files whose names must hold a word of health or disease, so that these seem to be the classes."""
MOST_CLASSES, FEWEST_FILES = 10, 2
SHOWN = 10
NEGATIONS = frozenset(["no", "non", "not", "without", "ohne", "sans", "sin"])
"""Words that turn the next one into its opposite, so that a pattern of single words would be wrong."""


def compile_classes(pattern: str) -> re.Pattern[str] | None:
    """Returns the compiled pattern of classes; None for none.

    Raises:
        UserError: The pattern is not a valid regular expression, or has no group.
    """
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        fault = f"--class-pattern is not a valid regular expression ({error})"
        raise UserError(describe(fault, pattern, ALLOWED, "Correct it, or escape special characters.")) from None
    if not compiled.groups:
        raise UserError(describe("--class-pattern has no group", pattern, ALLOWED, "Put the class into parentheses."))
    return compiled


class NamedClasses:
    """Passes images on with the class in their names, or looks for one where they have none.

    Attributes:
        counts: Number of images by the class that the pattern found; "" for none.
    """

    def __init__(self, pattern: str = "") -> None:
        """Takes the user's pattern, which sees paths relative to the source; "" for none."""
        self.counts: Counter[str] = Counter()
        self._pattern = compile_classes(pattern)
        self._words: Counter[str] = Counter()
        self._others, self._labelled = 0, False

    def pass_on(self, images: Iterable[SourceImage]) -> Iterator[SourceImage]:
        """Yields the images; with a pattern, those that it does not match have no class."""
        for image in images:
            if self._pattern is None:
                self._look(image)
                yield image
                continue
            found = self._pattern.search(image.name)
            label = next((group for group in found.groups() if group), "") if found else ""
            self.counts[label] += not image.fault
            yield replace(image, label=label)

    def _look(self, image: SourceImage) -> None:
        self._labelled = self._labelled or bool(image.label)
        if self._labelled or image.fault:
            return
        written = set(cut_words(drop_ending(image.name.rpartition("/")[2])))
        words = {word for word in written if is_diagnosis(word)}
        if len(words) == 1 and not written & NEGATIONS and len(self._words) <= MOST_CLASSES:
            self._words[words.pop()] += 1
        else:
            self._others += 1

    def tell(self) -> Iterator[str]:
        """Yields what the pattern matched, or that names seem to hold classes and nothing takes them.

        Raises:
            UserError: The pattern matches nothing.
        """
        if self._pattern is None:
            yield from self._tell_words()
            return
        total, none = self.counts.total(), self.counts[""]
        if none == total:
            remedy = "It is compared with paths below the source, as in the key file: correct it."
            raise UserError(
                describe(f"--class-pattern matches none of {total:,} images", self._pattern.pattern, ALLOWED, remedy)
            )
        shown = ", ".join(f"{label} {count:,}" for label, count in self.counts.most_common(SHOWN + 1) if label)
        more = f" and {len(self.counts) - SHOWN:,} more" if len(self.counts) > SHOWN + 1 else ""
        yield f"--class-pattern matched {total - none:,} of {total:,} images: {shown}{more}"

    def _tell_words(self) -> Iterator[str]:
        named = self._words.total()
        classes = [word for word, count in self._words.items() if count >= FEWEST_FILES]
        enough = named >= NAMED_SHARE * (named + self._others)
        if not self._labelled and 1 < len(classes) == len(self._words) <= MOST_CLASSES and enough:
            yield (
                f"hint: the images have no classes, but names of {named:,} files hold one of {len(classes)} words that "
                f"may be: to take them, add --class-pattern '(?i)({'|'.join(sorted(classes, key=len)[::-1])})[^/]*$'"
            )
