from ganoscope.audits.answer import Value
from ganoscope.audits.beside_real.beside_floor import find_worse_side
from ganoscope.audits.beside_real.feature_verdict import Phrases, judge, write_verdict
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import Estimate

PHRASES = Phrases("They differ", "No difference is shown.", "frechet_distance", find_worse_side)


def make(name, value, floor, images="all", better="lower"):
    ends = ((one, one - 0.1, one + 0.1, 100, 100) for one in (value, floor))
    return Value(name, Measured(*(Estimate(*end) for end in ends), better), images, "random network, seed 0")


def say(*values):
    return write_verdict(judge(list(values), find_worse_side), PHRASES)


def test_the_verdict_counts_numbers_and_names_the_farthest_by_its_multiple():
    text = say(
        make("frechet_distance", 2.0, 1.0), make("recall", 0.1, 0.8, better="higher"), make("kernel_distance", 0, 0)
    )
    assert text == (
        "They differ in 2 of 3 numbers. Farthest off is recall (share of real images within reach) in features of "
        "random network: 0.1 (0 to 0.2), 0.12 times that of real patients (0.8). Fréchet distance in features of "
        "random network: 2 (1.9 to 2.1), 2.0 times that between real patients (1)."
    )


def test_the_farthest_is_not_named_twice():
    assert say(make("frechet_distance", 2.0, 1.0)).count("Fréchet") == 1


def test_a_clear_verdict_says_what_would_have_been_seen():
    text = say(make("frechet_distance", 1.0, 1.0))
    assert text.startswith("No difference is shown. None of 1 number is worse than that of real patients.")
    assert text.endswith("More than 1.1 times that of real patients would have been seen.")


def test_parts_and_what_has_no_worse_side_do_not_count():
    found = judge(
        [
            make("vendi_score", 9.0, 1.0, better="like real"),
            make("frechet_distance", 1.0, 1.0),
            make("frechet_distance", 3.0, 1.0, "class a"),
        ],
        find_worse_side,
    )
    assert (len(found.whole), len(found.compared), found.worse) == (2, 1, [])
    assert [value.images for value in found.parts] == ["class a"]
