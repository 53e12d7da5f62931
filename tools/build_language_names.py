"""Build the list of names and other codes of the supported languages, from Babel's copy of Unicode's CLDR.

    python tools/build_language_names.py    # nlu_lite/_util/data/language_names.tsv

A line has a code of nlu_lite/text/data/languages.txt and all other codes and names of the language: codes of ISO 639-2,
obsolete codes, the English name, the name in the language itself, and the names in OTHER, which CLDR lacks.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global

ROOT = Path(__file__).parents[1]
CODES = ROOT / "nlu_lite" / "text" / "data" / "languages.txt"
TARGET = ROOT / "nlu_lite" / "_util" / "data" / "language_names.tsv"
HEADER = (
    "# A language's code, then its other codes and names, from Unicode CLDR; made by tools/build_language_names.py.\n"
)
OTHER = {
    "als": ["Alemannic", "Alemannisch"],
    "azb": ["South Azerbaijani"],
    "bcl": ["Central Bikol"],
    "bh": ["Bihari"],
    "bn": ["Bengali"],
    "bn-Latn": ["bn_rom", "Romanized Bengali", "Bengali in Latin letters"],
    "diq": ["Dimli", "Zazaki"],
    "eml": ["Emilian-Romagnol"],
    "en": ["American English", "British English"],
    "es": ["Castilian", "castellano"],
    "fa": ["Farsi"],
    "gom": ["Goan Konkani"],
    "hi-Latn": ["hi_rom", "Hinglish", "Romanized Hindi", "Hindi in Latin letters"],
    "ky": ["Kirghiz"],
    "nah": ["Nahuatl"],
    "nl": ["Flemish"],
    "or": ["Oriya"],
    "pa": ["Panjabi"],
    "pnb": ["Western Punjabi"],
    "pt": ["Brazilian Portuguese"],
    "ro": ["Moldavian"],
    "sh": ["hbs"],
    "si": ["Sinhalese"],
    "sl": ["Slovene"],
    "ta-Latn": ["ta_rom", "Romanized Tamil", "Tamil in Latin letters"],
    "te-Latn": ["te_rom", "Romanized Telugu", "Telugu in Latin letters"],
    "tl": ["Tagalog", "Filipino", "fil", "tgl"],
    "ug": ["Uighur"],
    "ur-Latn": ["ur_rom", "Romanized Urdu", "Urdu in Latin letters"],
    "xx": ["mul", "multilingual", "any", "auto"],
    "zh": ["Mandarin", "Mandarin Chinese", "汉语", "漢語", "普通话"],
}


def names(code: str, aliases: dict[str, list[str]]) -> list[str]:
    found = [*aliases.get(code, []), Locale("en").languages.get(code)]
    with suppress(UnknownLocaleError, ValueError):
        found.append(Locale.parse(code).languages.get(code))
    return list(dict.fromkeys(name for name in [*found, *OTHER.get(code, [])] if name))


def main() -> None:
    lines = CODES.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    codes = sorted({word.partition("=")[0] for word in words} | {"xx"})
    aliases: dict[str, list[str]] = {}
    for other, code in sorted(get_global("language_aliases").items()):
        if "_" not in other and other not in codes:
            aliases.setdefault(code, []).append(other)
    rows = ["\t".join([code, *names(code, aliases)]) for code in codes]
    TARGET.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
