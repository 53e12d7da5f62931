"""Conditional random fields with two labels, read from the model files of CRFsuite.

The models of Khmer and Vietnamese words are evaluated for a whole text at once; the libraries that apply such models
take a list of strings for every element, which takes four to six times as long.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = dict[str | None, float]
"""How much each value of a feature favors the positive label."""

_HEADER = struct.Struct("<4sI4s9I")  # magic, size, type, version, 3 counts and the offsets of 5 chunks
_CHUNK_HEADER = struct.Struct("<4sII")  # name, size, number of records
_FEATURE = np.dtype([("kind", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")])
_STRINGS_HEADER = struct.Struct("<4s5I")  # name, size, flag, byte order, count and offset of the records
_RECORD_HEADER = struct.Struct("<II")  # number, size of the string with its final NUL


@dataclass(frozen=True)
class Feature:
    """A feature of all elements of a sequence.

    Attributes:
        prefix: The prefix of its attributes in the model.
        step: The element that the value belongs to, relative to the element that has the feature.
        values: The value of each element of the padded sequence; None if it has none.
    """

    prefix: str
    step: int
    values: Sequence[str | None]


@dataclass(frozen=True)
class ConditionalRandomField:
    """A linear-chain conditional random field with two labels.

    Attributes:
        weights: How much an attribute favors the positive label, by its prefix and value.
        transitions: float64 [2, 2], the weight of each label (column) after each label (row); the positive is second.
    """

    weights: Mapping[str, Weights]
    transitions: NDArray[np.float64]

    def score(self, features: Iterable[Feature], padding: int, length: int) -> NDArray[np.float64]:
        """Return how much the features of each element favor the positive label.

        Args:
            features: The features of a sequence.
            padding: The number of elements before the first that counts; at least as many follow the last.
            length: The number of elements that count.

        Returns:
            float64 [length].
        """
        scores = np.zeros(length)
        for feature in features:
            first = padding + feature.step
            get = self.weights[feature.prefix].get
            scores += np.fromiter(map(get, feature.values[first : first + length], repeat(0.0)), np.float64, length)
        return scores

    def label(self, scores: Sequence[float]) -> list[bool]:
        """Return whether each element of a sequence has the positive label, in the likeliest sequence of labels.

        Of the likeliest labels up to an element (Viterbi), only the lead of the positive label over the negative one
        matters.
        """
        (stay, enter), (leave, keep) = self.transitions.tolist()
        lead = scores[0]
        previous: list[tuple[bool, bool]] = []  # the likeliest label before, for each label of the current element
        for score in scores[1:]:
            previous.append((lead + leave > stay, lead + keep > enter))
            lead = score + max(lead + keep, enter) - max(lead + leave, stay)
        labels = [lead > 0]
        for before in reversed(previous):
            labels.append(before[labels[-1]])
        return labels[::-1]


def read_field(path: Path, positive: str, prefixes: Collection[str]) -> ConditionalRandomField:
    """Read a model file of CRFsuite with two labels.

    Args:
        path: The file.
        positive: The positive label.
        prefixes: The prefixes of the attributes that are used; the rest of an attribute is a value.
    """
    data = path.read_bytes()
    *_, attributes, features_at, labels_at, attributes_at, _, _ = _HEADER.unpack_from(data)
    *_, count = _CHUNK_HEADER.unpack_from(data, features_at)
    features = np.frombuffer(data, _FEATURE, count, features_at + _CHUNK_HEADER.size)
    index = list(_read_strings(data, labels_at)).index(positive)
    states, pairs = features[features["kind"] == 0], features[features["kind"] == 1]
    signed = np.where(states["target"] == index, states["weight"], -states["weight"])
    weights = np.bincount(states["source"], signed, attributes)
    transitions = np.zeros((2, 2))
    np.add.at(
        transitions, ((pairs["source"] == index).astype(int), (pairs["target"] == index).astype(int)), pairs["weight"]
    )
    return ConditionalRandomField(_group(_read_strings(data, attributes_at), weights.tolist(), prefixes), transitions)


def _read_strings(data: bytes, start: int) -> Iterator[str]:
    """Read the strings of a database in a model file, in the order of their numbers."""
    *_, count, offset = _STRINGS_HEADER.unpack_from(data, start)
    for record in np.frombuffer(data, "<u4", count, start + offset).tolist():
        begin = start + record + _RECORD_HEADER.size
        _, size = _RECORD_HEADER.unpack_from(data, start + record)
        yield data[begin : begin + size - 1].decode()


def _group(attributes: Iterable[str], weights: Iterable[float], prefixes: Collection[str]) -> dict[str, Weights]:
    """Group the weights of attributes by prefix."""
    groups: dict[str, Weights] = {prefix: {} for prefix in prefixes}
    known = re.compile("|".join(map(re.escape, sorted(prefixes, key=len, reverse=True))))
    for attribute, weight in zip(attributes, weights, strict=True):
        prefix = known.match(attribute)
        if prefix:
            groups[prefix.group()][attribute[prefix.end() :]] = weight
    return groups
