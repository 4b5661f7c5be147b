"""Words of German, French, Spanish, Italian and Portuguese in names, and names of persons that look like them."""

import unicodedata

import pytest

from ganoscope.data.levels import words
from ganoscope.data.levels.looks import look_at, read_person
from ganoscope.data.levels.other_languages import ALSO_NAMES, HEADS, IN_COMPOUNDS, WHOLE, spell_plainly
from ganoscope.data.levels.words import ENGLISH, are_two_names, is_diagnosis, is_healthy, split_words


def test_every_word_stands_for_one_that_is_known_and_none_is_english():
    assert {*WHOLE.values(), *IN_COMPOUNDS.values()} <= ENGLISH
    assert not ENGLISH & WHOLE.keys()
    assert {word for word in WHOLE if spell_plainly(word) != word} == set()
    assert WHOLE.keys() >= ALSO_NAMES
    assert (WHOLE.keys() | IN_COMPOUNDS.keys()) >= HEADS


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (
            ["Aufnahmen", "Röntgenbilder", "Roentgenaufnahmen", "MRT-Aufnahmen", "Imágenes", "Immagini", "Imagens"],
            "container",
        ),
        (["Lungenmasken", "Tumormasken", "Leberherdmasken", "Segmentierungen", "Masques des poumons"], "mask"),
        (["Máscaras de pulmón", "Maschere polmonari", "Máscaras_dos_pulmões", "Segmentações"], "mask"),
        (["Trainingsdaten", "Testbilder", "Entraînement", "Validación", "Prueba", "Addestramento", "Teste"], "split"),
        (["Patientin 3", "Paciente_07", "paziente 12", "Sujet 4", "Fall_012", "Müller_Jörg_19630417"], "patient"),
        (["Étude 3", "Untersuchung_2", "estudio 1"], "study"),
        (["Série 2", "Serie_3"], "series"),
        (["Klinik A", "Männer", "mujeres", "linke Lunge"], "attribute"),
        (["Fall 2019"], "numbered"),
        (["Unauffällig", "Lungenentzündung", "Sain", "Neumonía", "Klasse 2", "Stade 3"], "word"),
    ],
)
def test_names_are_told_as_the_english_ones(names, kind, form):
    assert {name: look_at(unicodedata.normalize(form, name)).kind for name in names} == dict.fromkeys(names, kind)


@pytest.mark.parametrize(
    "name", ["Anna Herz", "Hans Krebs", "Jean Sano", "Malin Krebs", "Ana de la Cruz", "Jörg Corazón"]
)
def test_names_of_persons_are_not_taken_for_classes(name):
    assert all(are_two_names(unicodedata.normalize(form, name)) for form in ("NFC", "NFD"))
    assert split_words(name) == tuple(name.lower().split())


def test_words_beside_the_number_of_a_patient_are_classes_unless_they_are_also_names():
    assert look_at("Patient_03_gesund").label == "gesund"
    assert look_at("Paciente 4 neumonía").label == "neumonía"
    assert read_person("Patient_03_bösartig") == "Patient_03"
    for name in ("Patient_03_Krebs", "Paciente_4_Sano", "Sujet_7_Malin"):
        assert (look_at(name).kind, look_at(name).label, read_person(name)) == ("patient", "", name)


def test_words_that_are_also_names_count_alone_and_beside_known_words():
    assert split_words("Herz") == ("heart",)
    assert split_words("Herz_Anna") == ("herz", "anna")
    assert split_words("Krebs 2") == ("cancer", "2")
    assert split_words("linke Lunge") == ("left", "lungs")
    assert split_words("Leber") == ("leber",)  # Leber's disease of the eye, or the liver


def test_a_compound_is_taken_apart_only_where_both_parts_are_known():
    assert split_words("Segmentierungsmasken") == ("segmentations", "masks")
    assert split_words("Übersichtsbilder") == ("übersichtsbilder",)
    assert [split_words(word) for word in ("shepherd", "nontumor", "damask")] == [
        ("shepherd",),
        ("nontumor",),
        ("damask",),
    ]


def test_words_between_others_are_left_out_beside_known_words_alone():
    assert split_words("Masques des poumons") == ("masks", "lungs")
    assert split_words("Maria de la Cruz") == ("maria", "de", "la", "cruz")
    assert split_words("sin neumonía") == ("no", "pneumonia")
    assert split_words("original sin") == ("original", "sin")


def test_health_and_disease_are_told_apart():
    well, ill = ["Normalbefund", "unauffällig", "Sain", "ohne Befund", "saudável"], ["bösartig", "Malade", "polmonite"]
    assert all(map(is_healthy, well))
    assert all(map(is_diagnosis, (*well, *ill)))
    assert not any(map(is_healthy, ill))


def test_a_split_beside_a_class_leaves_the_class_as_it_is_written():
    look = look_at(unicodedata.normalize("NFD", "Test_bösartig"))
    assert (look.name, look.split) == ("bösartig", "test")
    assert words.SPLIT_WORDS[split_words("Treino")[0]] == "train"
