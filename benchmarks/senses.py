"""Measure how well the similarity of two vectors of a word distinguishes its senses.

    python benchmarks/senses.py                                  the packaged model
    python benchmarks/senses.py --ref xx.embed.xlm               another model

senses.tsv holds sentences in nine languages; each marks a word of two senses and names the sense. Every word has two
sentences of each sense, and so four pairs: two of equal and two of different senses. A pair is judged by the cosine of
the vectors of the word. Two shares are printed: "right", of the pairs that are right at the best threshold for all
languages, and "ranked", of the comparisons in which a pair of equal senses is more similar than a pair of different
senses of the same word. Both are a half by chance. The mean and the principal components that are removed are those of
all tokens of all sentences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

import nlu_lite
from nlu_lite.frames import center_vectors

DATA = Path(__file__).with_name("senses.tsv")
POOLINGS = ("first", "last", "mean", "first_last")
ALIGNMENTS = ("word", "text")
COMPONENTS = (None, 0, 1, 2, 4, 8)
"""Numbers of principal components that are removed after the mean; None removes neither."""


@dataclass(frozen=True)
class Example:
    """A sentence, the sense of the word that it marks, and the span of this word."""

    language: str
    word: str
    sense: str
    text: str
    begin: int
    end: int


def read_examples() -> list[Example]:
    """Read the sentences."""
    return [parse_example(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


def parse_example(line: str) -> Example:
    language, word, sense, marked = line.split("\t")
    before, target, after = marked.split("*")
    return Example(language, word, sense, before + target + after, len(before), len(before) + len(target))


def find_pairs(examples: list[Example]) -> Iterator[tuple[int, int, bool]]:
    """Yield the numbers of two sentences of each pair, and whether their senses are equal."""
    for first in range(0, len(examples), 4):
        a, b, c, d = range(first, first + 4)
        yield from ((a, b, True), (c, d, True), (a, c, False), (b, d, False))


def compute_vectors(pipeline: nlu_lite.Pipeline, examples: list[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of all tokens, and one vector for each marked word: the mean of its tokens."""
    frames = {}
    for language in {example.language for example in examples}:
        texts = {number: example.text for number, example in enumerate(examples) if example.language == language}
        frame = pipeline.predict(list(texts.values()), lang=language, positions=True)
        frames |= dict(zip(texts, (rows for _, rows in frame.groupby(level=0)), strict=True))
    words = [nlu_lite.matrix(select_tokens(frames[number], example)) for number, example in enumerate(examples)]
    tokens = np.concatenate([nlu_lite.matrix(frames[number]) for number in range(len(examples))])
    return tokens, np.stack([vectors.mean(axis=0) for vectors in words])


def select_tokens(frame, example: Example):
    found = frame[(frame["token_begin"] < example.end) & (frame["token_end"] > example.begin)]
    assert len(found), example
    return found


def rank_pairs(words: np.ndarray) -> float:
    """Return how often two sentences of one sense are more similar than two of different senses of the same word."""
    unit = words / np.linalg.norm(words, axis=1, keepdims=True)
    cosines = [unit[first : first + 4] @ unit[first : first + 4].T for first in range(0, len(words), 4)]
    return float(np.mean([own[same] > own[0:2, 2:4] for own in cosines for same in ((0, 1), (2, 3))]))


def score_pairs(words: np.ndarray, examples: list[Example]) -> tuple[float, float, dict[str, float]]:
    """Return the share of right pairs at the best threshold, this threshold, and the share of each language."""
    unit = words / np.linalg.norm(words, axis=1, keepdims=True)
    pairs = list(find_pairs(examples))
    cosines = np.array([unit[a] @ unit[b] for a, b, _ in pairs])
    same = np.array([equal for *_, equal in pairs])
    threshold = max(cosines, key=lambda value: ((cosines >= value) == same).mean())
    right = (cosines >= threshold) == same
    languages = np.array([examples[a].language for a, _, _ in pairs])
    return right.mean(), threshold, {code: right[languages == code].mean() for code in sorted(set(languages))}


def select_layers(tokens: np.ndarray, words: np.ndarray, layers, shape: tuple[int, int]):
    """Yield the means of layers of concatenated vectors. With first_last, each layer has two halves."""
    split = [matrix.reshape(len(matrix), -1, *shape) for matrix in (tokens, words)]
    for chosen in layers:
        numbers = [number - 1 for number in chosen]
        yield chosen, *(part[:, :, numbers].mean(axis=2).reshape(len(part), -1) for part in split)


def print_scores(tokens: np.ndarray, words: np.ndarray, examples: list[Example], names: Sequence[str]) -> None:
    """Print a row for each number of components that are removed."""
    for components in COMPONENTS:
        vectors = words if components is None else center_vectors(tokens, words, components)[1]
        right, threshold, shares = score_pairs(vectors, examples)
        removed = "nothing" if components is None else f"mean, {components} components"
        numbers = [f"{number:.3f}" for number in (right, rank_pairs(vectors), threshold)]
        print(f"| {' | '.join([*names, removed, *numbers])} | {' '.join(f'{c} {n:.2f}' for c, n in shares.items())} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ref", default="xx.embed.multilingual_e5_small_q4")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    examples = read_examples()
    opened = nlu_lite.load(arguments.ref, threads=arguments.threads, backend="torch")
    depth, width = opened.info[["layers", "dimension"]].iloc[0]
    whole = tuple(range(1, depth + 1))
    layers = [*((number,) for number in whole), whole[-4:], whole]
    print("| layers | alignment | pooling | removed | right | ranked | threshold | right by language |")
    print("|---|---|---|---|--:|--:|--:|---|")
    for alignment, pooling in product(ALIGNMENTS, POOLINGS):
        pipeline = opened.with_(layers=whole, layer_merge="concat", alignment=alignment, pooling=pooling)
        for chosen, tokens, words in select_layers(*compute_vectors(pipeline, examples), layers, (depth, width)):
            print_scores(tokens, words, examples, (f"{chosen[0]}-{chosen[-1]}", alignment, pooling))


if __name__ == "__main__":
    main()
