"""Words of German, French, Spanish, Italian and Portuguese in names of medical folders, as the English ones.

Accents and umlauts count as their plain letters, and may be written out (`ae`, `oe`, `ue`). German compounds are taken
apart: `Lungenmasken` are masks of lungs.

"""

import re
import unicodedata
from functools import lru_cache

WHOLE = {
    # folders of pictures, masks and splits
    **dict.fromkeys(
        "bild bilder schnittbild schnittbilder imagen imagenes immagine immagini imagem imagens".split(), "images"
    ),
    **dict.fromkeys("aufnahme aufnahmen schicht schichten schnitte coupes cortes fette".split(), "slices"),
    **dict.fromkeys("rontgen radiographie radiographies radiografia radiografias radiografie".split(), "radiographs"),
    **dict.fromkeys("maske masken masque masques mascara mascaras maschera maschere".split(), "masks"),
    **dict.fromkeys("kontur konturen umriss umrisse contorno contornos contorni".split(), "contours"),
    **dict.fromkeys("segmentierung segmentierungen segmentacion segmentaciones segmentazione".split(), "segmentations"),
    **dict.fromkeys("segmentazioni segmentacao segmentacoes".split(), "segmentations"),
    **dict.fromkeys("daten datensatz donnees datos dati dados".split(), "data"),
    **dict.fromkeys("entrainement entrenamiento addestramento treinamento trainings".split(), "training"),
    **dict.fromkeys("validierung validierungs validacion validazione validacao".split(), "validation"),
    **dict.fromkeys("prueba pruebas teste".split(), "test"),
    # what they show
    **dict.fromkeys("lunge lungen poumon poumons pulmon pulmones polmone polmoni pulmao pulmoes".split(), "lungs"),
    **dict.fromkeys("herz coeur corazon cuore coracao".split(), "heart"),
    **dict.fromkeys("gehirn hirn cerveau cerebro cervello".split(), "brain"),
    **dict.fromkeys("leber foie higado fegato figado".split(), "liver"),
    **dict.fromkeys("niere nieren rein reins rinon rinones rene reni rim".split(), "kidneys"),
    **dict.fromkeys(
        "laesion laesionen lasion lasionen lesions lesiones lesione lesioni lesao lesoes".split(), "lesions"
    ),
    **dict.fromkeys("tumore tumoren tumeur tumeurs tumores tumori".split(), "tumours"),
    **dict.fromkeys("blutung blutungen hemorragie hemorragia emorragia".split(), "haemorrhage"),
    **dict.fromkeys("herd herde rundherd rundherde knoten".split(), "nodules"),
    # classes
    **dict.fromkeys("gesund gesunde sain saine sains sano sana sani saudavel".split(), "healthy"),
    **dict.fromkeys("krank kranke malade malades enfermo enferma enfermos malato malati doente".split(), "diseased"),
    **dict.fromkeys("unauffallig unauffallige normale normales normalbefund normali normais".split(), "normal"),
    **dict.fromkeys("auffallig auffallige anormal anormale anormales anomalo".split(), "abnormal"),
    **dict.fromkeys("gutartig gutartige benin benigne benigno benigna benigni".split(), "benign"),
    **dict.fromkeys("bosartig bosartige malin maligne maligno maligna maligni".split(), "malignant"),
    **dict.fromkeys("pneumonie lungenentzundung neumonia polmonite".split(), "pneumonia"),
    **dict.fromkeys("krebs karzinom karzinome cancro cancers".split(), "cancer"),
    **dict.fromkeys("kontrolle kontrollen temoin temoins controles controlli controllo".split(), "controls"),
    **dict.fromkeys("befund befunde".split(), "findings"),
    **dict.fromkeys("tuberkulose tuberculose".split(), "tuberculosis"),
    # whom and where
    **dict.fromkeys("klinik klinikum krankenhaus hopital clinique ospedale".split(), "hospital"),
}
"""English words by those of other languages, in plain letters and lower case."""
ENDS = tuple(
    sorted(
        "bild bilder aufnahme aufnahmen schichten maske masken kontur konturen umriss umrisse segmentierung "
        "segmentierungen daten datensatz klinik krankenhaus".split(),
        key=len,
        reverse=True,
    )
)
"""Last parts of German compounds."""
MASK_STARTS = ("mask", "masq", "masc", "kont", "umri", "segm", "cont")
"""First letters of the words above for masks."""


def spell_plainly(word: str) -> str:
    """Returns a word in lower case without accents and umlauts.

    Example:
        >>> spell_plainly("Bösartig"), spell_plainly("boesartig"), spell_plainly("Imágenes")
        ('bosartig', 'bosartig', 'imagenes')
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(sign))
    short = re.sub(r"(?<![aeq])([aou])e(?=[^aeiou]|$)", r"\1", plain)
    return short if plain not in WHOLE and short in WHOLE else plain


@lru_cache(1 << 14)
def translate(word: str) -> tuple[str, ...]:
    """Returns the English words for a word in lower case; the word itself where it is not known.

    Example:
        >>> translate("lungenmasken"), translate("bösartig"), translate("test")
        (('lungs', 'masks'), ('malignant',), ('test',))
    """
    plain = spell_plainly(word)
    if plain in WHOLE:
        return (WHOLE[plain],)
    end = next((end for end in ENDS if plain.endswith(end) and len(plain) > len(end) + 1), "")
    if not end:
        return (word,)
    start = spell_plainly(plain[: -len(end)])
    return (WHOLE.get(start, start), WHOLE[end])
