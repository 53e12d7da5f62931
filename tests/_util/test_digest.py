"""The digest of a model includes every field, also of later releases, of every record that vectors depend on."""

import dataclasses
import enum
import typing
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from nlu_lite._util import digest as digests
from nlu_lite._util.digest import compute_digest, to_plain
from nlu_lite.options import EncoderSettings, ModelOptions, TextSettings
from nlu_lite.records import (
    Card,
    Checkpoint,
    SentencePooling,
    SentenceRecipe,
    SubwordKind,
    SubwordModel,
)
from nlu_lite.saving import describe_pipeline

CHECKPOINT = Checkpoint(
    {"model_type": "bert", "hidden_size": 4, "nested": {"list": [1, 2.5, None, True]}},
    {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(2, np.float32)},
    SubwordModel(SubwordKind.TOKENIZER_JSON, b"{}"),
)
RECIPE = SentenceRecipe(SentencePooling.MEAN)


def others(hint, value):
    """Return values of a type that differ from a value, with a change in each nested record."""
    if dataclasses.is_dataclass(value):
        return list(changes(value))
    if isinstance(value, enum.Enum):
        return [member for member in type(value) if member is not value]
    if isinstance(value, typing.Mapping):
        changed = [{**value, key: other} for key, item in value.items() for other in others(type(item), item)]
        return [{**value, "another": 1}, dict(list(value.items())[1:]), *changed]
    if isinstance(value, tuple):
        (item, *_) = typing.get_args(hint)
        replaced = [(other, *value[1:]) for other in others(item, value[0])] if value else []
        return [(*value, sample(item)), *([value[1:]] if value else []), *replaced]
    if value is None:
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return [sample(kinds[0])] if kinds else [0]
    return OTHERS[type(value)](value)


def other_arrays(value):
    changed = value.copy()
    changed.flat[-1] += 1
    return [changed, value.reshape(-1, 1), value[:-1]]


OTHERS = {
    bool: lambda value: [not value],
    int: lambda value: [value + 1],
    float: lambda value: [value + 1],
    str: lambda value: [value + "x"],
    bytes: lambda value: [value + b"x"],
    list: lambda value: [[*value, 1], value[1:], value[::-1]],
    np.ndarray: other_arrays,
}


def sample(hint):
    """Return a value of a type."""
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        needed = [item for item in dataclasses.fields(hint) if item.default is item.default_factory]
        return hint(**{item.name: sample(hints[item.name]) for item in needed})
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    return {int: 7, str: "x", bool: True, float: 1.5, bytes: b"x"}.get(hint) or identity


def identity(text):
    return [(0, len(text))]


def changes(record):
    """Return the record with a changed field, for every field and every other value."""
    hints = typing.get_type_hints(type(record), localns={"Floats": np.ndarray})
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        for other in others(hints[item.name], value):
            changed = object.__new__(type(record))  # past checks that do not concern the digest
            for each in dataclasses.fields(record):
                object.__setattr__(changed, each.name, other if each is item else getattr(record, each.name))
            yield changed


def assert_all_differ(records, of):
    found = {}
    for record in records:
        known = found.setdefault(of(record), record)
        assert known is record, f"{known} and {record} are not told apart"
    return found


def without_card(record):
    return record.card == Card()


def test_every_field_of_a_checkpoint_and_of_what_it_holds_is_in_the_digest():
    records = [CHECKPOINT, *filter(without_card, changes(CHECKPOINT))]
    assert_all_differ(records, compute_digest)
    walked = {item.name for item in dataclasses.fields(Checkpoint)} - {"card"}
    assert all(any(getattr(r, name) is not getattr(CHECKPOINT, name) for r in records[1:]) for name in walked)


def test_every_field_of_what_a_subword_model_may_hold_is_in_the_digest():
    for record in changes(CHECKPOINT.subwords):
        for other in changes(record):
            assert compute_digest(other) != compute_digest(record)


def test_a_card_is_for_readers_and_no_other_record_is_left_out():
    assert list(digests.EXCLUDED) == [Card]
    titled = replace(CHECKPOINT, card=Card(title="Another"))
    assert compute_digest(titled) == compute_digest(CHECKPOINT)


@pytest.mark.parametrize(
    "record", [RECIPE, replace(RECIPE, prompt="a", normalize=True), EncoderSettings(), EncoderSettings(max_length=9)]
)
def test_every_field_of_recipes_and_settings_is_in_the_digest(record):
    assert_all_differ([record, *changes(record)], compute_digest)


class Opened:
    components, models, language, access = (), (), "xx", None
    settings, options = TextSettings(), ModelOptions()

    def __init__(self, **values):
        self.__dict__.update(values)


@pytest.mark.parametrize("name", ["settings", "options"])
def test_every_field_of_the_settings_is_in_the_description_of_a_pipeline(name):
    records = [getattr(Opened, name), *changes(getattr(Opened, name))]
    assert len(records) > len(dataclasses.fields(records[0]))
    assert_all_differ(records, lambda record: compute_digest(describe_pipeline(Opened(**{name: record}))))


def test_a_model_whose_recipe_differs_has_another_digest():
    assert compute_digest([CHECKPOINT, None]) != compute_digest([CHECKPOINT, RECIPE])


def test_a_field_of_a_later_release_counts_where_it_is_used():
    @dataclass(frozen=True)
    class Now:
        name: str
        size: int = 3

    @dataclass(frozen=True)
    class Later:
        name: str
        size: int = 3
        parts: tuple[Now, ...] = ()
        more: Now = field(default_factory=lambda: Now("x"))

    assert compute_digest(Later("a")) == compute_digest(Now("a"))
    used = [Later("a"), Later("a", parts=(Now("b"),)), Later("a", parts=(Now("b", 4),)), Later("a", more=Now("y"))]
    assert_all_differ([*used, Later("a", size=True), Later("a", size=1)], compute_digest)


def test_digests_in_the_place_of_arrays_make_no_difference():
    tensors = to_plain(CHECKPOINT.tensors)
    assert compute_digest(replace(CHECKPOINT, tensors=tensors)) == compute_digest(CHECKPOINT)
    assert to_plain(to_plain(CHECKPOINT)) == to_plain(CHECKPOINT)


def test_numbers_are_compared_as_float32_whatever_their_file_holds():
    halves = {name: array.astype(np.float16) for name, array in CHECKPOINT.tensors.items()}
    assert compute_digest(halves) == compute_digest(CHECKPOINT.tensors)
    swapped = {name: array.astype(">f4") for name, array in CHECKPOINT.tensors.items()}
    assert compute_digest(swapped) == compute_digest(CHECKPOINT.tensors)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (7,), (5, 3), (2, 3, 4)])
def test_large_arrays_are_read_in_steps(monkeypatch, shape):
    array = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    whole = compute_digest(array)
    monkeypatch.setattr(digests, "CHUNK", 2)
    assert compute_digest(array) == compute_digest(np.array(array, order="F")) == whole


def test_a_value_that_cannot_be_compared_is_refused():
    with pytest.raises(TypeError, match="function has no digest"):
        compute_digest({"a": identity})
