"""Labels of list items: numbers, letters and Roman numerals, and the labels that come next."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзиклмнопрстуфхцчшщэюя",
    "აბგდევზთიკლმნოპ",
    "աբգդեզէըթժիլխծկ",
    "אבגדהוזחטיכלמנ",
    "أبجدهوزحطيكلمن",
    ("الف", *"بپتثجچح"),
    ("الف", *"بجدهوزح"),
    "ابجدهوزح",
    "ابپتٹثجچح",
    "कखगघङचछजझञ",
    "अआइईउऊ",
    "अबकड",
    "अबसद",
    "কখগঘঙচছজঝঞ",
    "অআইঈউঊ",
    "કખગઘઙચછજઝઞ",
    "અબકડ",
    "ਕਖਗਘਙਚਛਜਝਞ",
    "ੳਅੲਸਹ",
    "କଖଗଘଙଚଛଜଝଞ",
    "அஆஇஈஉஊஎஏஐ",
    "అఆఇఈఉఊ",
    "కఖగఘఙచఛజఝఞ",
    "ಅಆಇಈಉಊ",
    "ಕಖಗಘಙಚಛಜಝಞ",
    "അആഇഈഉഊ",
    "കഖഗഘങചഛജഝഞ",
    "අආඇඈඉඊ",
    "කඛගඝඞ",
    "กขคงจฉชซ",
    "ກຂຄງຈສຊ",
    "កខគឃងចឆជឈញ",
    "ကခဂဃငစဆဇဈည",
    "ሀለሐመሠረሰሸቀበተ",
    "፩፪፫፬፭፮፯፰፱፲",
    (*"一二三四五六七八九十", *("十" + digit for digit in "一二三四五六七八九")),
    "甲乙丙丁戊己庚辛壬癸",
    "アイウエオカキクケコ",
    "イロハニホヘト",
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "가나다라마바사아자차카타파하",
)
_UNITS = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_ROMAN = (*_UNITS[1:], *("x" + unit for unit in _UNITS), "xx")
# Writers of Cyrillic and Greek also take the letters of their own script that look like I and X.
_NUMERALS = tuple(
    tuple(number.translate(str.maketrans("ix", letters)) for number in _ROMAN)
    for letters in ("ix", "\u0456\u0445", "\u03b9\u03c7")
)
_LETTERS = "".join(letter + letter.upper() for alphabet in _ALPHABETS for letter in alphabet if len(letter) == 1)
_ROMAN_LABEL = "|".join(f"[{digits}]{{2,5}}" for digits in ("ivx", "IVX", "\u0406V\u0425", "\u0399V\u03a7"))
LABEL = rf"(?:\d{{1,3}}(?:\.\d{{1,2}}){{0,3}}(?!\d)|{_ROMAN_LABEL}|الف|十[一二三四五六七八九]|\u0406|[{_LETTERS}])"


@lru_cache(maxsize=4096)  # a text has few labels
def is_first_label(label: str) -> bool:
    """Return whether a list may begin with a label.

    Example:
        >>> is_first_label("1"), is_first_label("b"), is_first_label("I")
        (True, False, True)
    """
    if label.isdecimal():
        return int(label) <= 1
    return label.lower() in _find_first_letters()


def find_next_labels(label: str) -> list[str]:
    """Return the labels that may come after a label, in its digits and letter case.

    Example:
        >>> find_next_labels("9"), find_next_labels("i"), find_next_labels("१"), find_next_labels("1.9")
        (['10'], ['j', 'ii'], ['२'], ['1.10'])
    """
    head, dot, last = label.rpartition(".")
    if last.isdecimal():
        return [head + dot + _spell_number(int(last) + 1, ord(last[0]) - int(last[0]))]
    following = _find_following_letters().get(label.lower(), [])
    return [one.upper() for one in following] if label.isupper() else list(following)


def _spell_number(number: int, zero: int) -> str:
    return "".join(chr(zero + int(digit)) for digit in str(number))


@cache
def _find_first_letters() -> frozenset[str]:
    return frozenset(sequence[0] for sequence in (*_ALPHABETS, *_NUMERALS))


@cache
def _find_following_letters() -> dict[str, list[str]]:
    following: dict[str, list[str]] = {}
    for sequence in (*_ALPHABETS, *_NUMERALS):
        for this, that in pairwise(sequence):
            following.setdefault(this, []).append(that)
    return following
