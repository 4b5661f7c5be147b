"""Words of German, French, Spanish, Italian and Portuguese in names of medical folders and files, as the English ones.

Accents and umlauts count as their plain letters. German compounds are taken apart where both parts are known:
`Lungenmasken` are masks of lungs. Words that are also names, or words of English, count only alone, or beside others
if all are known: `Herz` is the heart, `Herz_Anna` a person.

"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache


def list_words(text: str) -> frozenset[str]:
    """Returns the words of a text as a set."""
    return frozenset(text.split())


WORDS = {
    # pictures, masks and splits
    "images": "bild bilder schnittbild schnittbilder imagen imagenes immagine immagini imagem imagens",
    "slices": "aufnahme aufnahmen schicht schichten schnitte",
    "radiographs": "rontgen roentgen radiographie radiographies radiografia radiografias radiografie",
    "mr": "mrt kernspin irm",
    "ultrasound": "ultraschall echographie echographies ecografia ecografias ecografie",
    "masks": "maske masken masque masques mascara mascaras maschera maschere",
    "contours": "kontur konturen umriss umrisse contorno contornos contorni",
    "segmentations": "segmentierung segmentierungen segmentacion segmentaciones segmentazione segmentazioni "
    "segmentacao segmentacoes",
    "data": "daten donnees datos dados",
    "dataset": "datensatz",
    "training": "apprentissage entrainement entrenamiento addestramento allenamento treinamento treino",
    "validation": "validierung validacion validazione convalida validacao",
    "test": "prueba pruebas teste",
    # where
    "lungs": "lunge lungen poumon poumons pulmon pulmones polmone polmoni pulmao pulmoes pulmonaire pulmonaires "
    "pulmonar pulmonares polmonare polmonari",
    "heart": "herz coeur corazon cuore coracao cardiaque cardiaques cardiaca cardiacas cardiache",
    "brain": "gehirn hirn cerveau cerebro cervello cerebrales cerebrais cerebrali",
    "liver": "foie higado fegato figado hepatique hepatiques hepatica hepaticas epatica epatiche",
    "kidneys": "niere nieren rinon rinones",
    "bones": "knochen hueso huesos",
    "vessels": "gefasse gefaesse vaisseaux",
    "thorax": "torax torace brustkorb",
    "head": "kopf",
    "skull": "schadel schaedel",
    "knee": "knie genou rodilla ginocchio joelho",
    "left": "linke gauche izquierdo izquierda sinistro sinistra esquerdo esquerda",
    "right": "rechte rechts droit droite derecho derecha destro destra direito direita",
    "hospital": "klinik klinikum krankenhaus hopital clinique ospedale",
    # whom
    "men": "manner maenner mannlich maennlich hommes hombres uomini homens",
    "women": "frauen weiblich femmes mujeres donne mulheres",
    "adults": "erwachsene adultes adultos adulti",
    "children": "kinder enfants ninos bambini criancas",
    # findings
    "lesions": "lasion lasionen laesion laesionen lesione lesioni lesiones lesao lesoes",
    "tumours": "tumore tumoren tumeur tumeurs tumores tumori hirntumor hirntumoren lungentumor lungentumoren",
    "nodules": "rundherd rundherde knoten nodulos noduli",
    "haemorrhage": "blutung blutungen hirnblutung hirnblutungen hemorragie hemorragia emorragia",
    "effusion": "erguss ergusse erguesse pleuraerguss pleuraergusse pleuraerguesse epanchement",
    "fracture": "fraktur frakturen frattura fratture fractura fracturas fratura fraturas",
    "cancer": "krebs lungenkrebs karzinom karzinome cancro",
    "findings": "befund befunde hallazgo hallazgos reperto reperti achado achados",
    "edema": "odem oedem lungenodem lungenoedem oedeme",
    # classes
    "pneumonia": "pneumonie pneumonies lungenentzundung lungenentzuendung neumonia polmonite",
    "tuberculosis": "tuberkulose tuberculose tubercolosi",
    "healthy": "gesund gesunde gesunder sain sains saine saines sano sanos sana sanas sani sane saudavel saudaveis "
    "sadio sadios",
    "diseased": "krank kranke kranker malade malades enfermo enferma enfermos enfermas malato malata malati doente "
    "doentes",
    "infected": "infiziert infizierte infecte infectee infectes infectado infectados infetto infetti",
    "normal": "unauffallig unauffallige unauffaellig unauffaellige normale normales normali normais normaux "
    "normalbefund",
    "abnormal": "auffallig auffallige auffaellig auffaellige anormal anormale anormales anormali anormais",
    "benign": "gutartig gutartige benin benins benigne benignes benigno benigna benignos benigni",
    "malignant": "bosartig bosartige boesartig boesartige malin malins maligne malignes maligno maligna malignos "
    "maligni",
    "positive": "positiv positif positivo positivi positivos",
    "negative": "negativ negatif negativo negativi negativos",
    "viral": "virale virales virali virais",
    "bacterial": "bakteriell bakterielle bacterienne bacteriana batterica",
    "controls": "kontrolle kontrollen kontrollgruppe temoin temoins controles controlli",
    "grade": "grado grados",
    "class": "klasse klassen classe clase",
    "stage": "stadium stade stadio estadio",
}
"""Words of other languages by the English one, in lower case and plain letters; umlauts written out stand beside."""
WHOLE = {foreign: english for english, text in WORDS.items() for foreign in text.split()}
NO = list_words("ohne kein keine sans sin senza sem")
"""Words for `no`, which count only beside words of these languages."""
BETWEEN = list_words("de des du la le les del las los el da do das dos di della delle dei degli der die von vom und et")
"""Words between others that say nothing; left out where a word of these languages stands beside them."""
ALSO_NAMES = list_words(
    "herz lunge knoten kopf schadel manner krebs bild schicht corazon cuore foie hirn cervello "
    "sadio malato malata sano sana sane sani sain saine sains malin benin teste stadium stade gauche droit destro "
    "sinistro derecho izquierdo"
)
"""Words that are also names of persons or places, or words of English."""
IN_COMPOUNDS = {"leber": "liver", "herd": "nodules", "herde": "nodules", "milz": "spleen", "brust": "breast"}
"""Parts of German compounds that mean something else alone, as in Leber's disease."""
HEADS = list_words(
    "bild bilder aufnahme aufnahmen schichten maske masken kontur konturen umriss umrisse segmentierung "
    "segmentierungen daten datensatz herd herde lasion lasionen laesion laesionen"
)
"""Last parts of German compounds."""
JOINTS = ("", "s", "n", "en", "e")
"""Letters between the parts of a compound, as in `Trainingsdaten`."""
LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})


@lru_cache(1 << 16)
def compose(name: str) -> str:
    """Returns a name with its accents and umlauts as one sign each; macOS writes them as two."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def spell_plainly(word: str) -> str:
    """Returns a word in lower case without accents and umlauts.

    Example:
        >>> spell_plainly("Bösartig"), spell_plainly("Imágenes"), spell_plainly("Œdème"), spell_plainly("Groß")
        ('bosartig', 'imagenes', 'oedeme', 'gross')
    """
    if word.isascii():
        return word.lower()
    split = unicodedata.normalize("NFKD", word.casefold().translate(LETTERS))
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def translate_name(written: list[str], is_english: Callable[[str], bool]) -> tuple[str, ...]:
    """Returns the words of a name, those of other languages as the English ones.

    Args:
        written: Words and numbers of the name, in lower case.
        is_english: Whether a word is one of the English ones that say something.

    Example:
        >>> translate_name(["masques", "des", "poumons"], {"lung"}.__contains__)
        ('masks', 'lungs')
        >>> translate_name(["herz"], {"lung"}.__contains__), translate_name(["anna", "herz"], {"lung"}.__contains__)
        (('heart',), ('anna', 'herz'))
    """
    found = {word: translate(word, is_english) for word in written if not word.isdigit()}
    if not any(found.values()):
        return tuple(written)
    sure = {word for word, own in found.items() if is_english(word) or (own and spell_plainly(word) not in ALSO_NAMES)}
    known = all(own or word in sure | NO | BETWEEN for word, own in found.items()) and (sure or len(found) == 1)
    told = {word: own for word, own in found.items() if own and (known or word in sure)}
    return tuple(part for word in written for part in told.get(word) or (read_small(word) if told else (word,)))


def read_small(word: str) -> tuple[str, ...]:
    """Returns what a word that is not translated becomes beside others that are."""
    return () if word in BETWEEN else ("no",) if word in NO else (word,)


@lru_cache(1 << 14)
def translate(word: str, is_english: Callable[[str], bool]) -> tuple[str, ...]:
    """Returns the English words for a word in lower case; none if it is not known.

    Args:
        word: The word.
        is_english: Whether a word is one of the English ones that say something.

    Example:
        >>> translate("trainingsdaten", {"training"}.__contains__), translate("leberherde", set().__contains__)
        (('training', 'data'), ('liver', 'nodules'))
    """
    plain = spell_plainly(word)
    if plain in WHOLE or (plain != word and is_english(plain)):
        return (WHOLE.get(plain, plain),)
    for head in (plain[start:] for start in range(2, len(plain) - 3)):
        if head in HEADS and (first := read_first(plain[: -len(head)], is_english)):
            return (*first, WHOLE.get(head) or IN_COMPOUNDS[head])
    return ()


def read_first(start: str, is_english: Callable[[str], bool]) -> tuple[str, ...]:
    """Returns the English words for the first part of a compound; none if it is not known.

    Args:
        start: The part in plain letters, with what joins it to the next.
        is_english: Whether a word is one of the English ones that say something.
    """
    for joint in JOINTS:
        part = start.removesuffix(joint)
        if len(part) < 2 or (joint and part == start):
            continue
        if found := IN_COMPOUNDS.get(part) or WHOLE.get(part) or (part if is_english(part) else ""):
            return (found,)
    return translate(start, is_english)
