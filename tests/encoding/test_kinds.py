"""Kinds of encoders as data and as graphs: names, shapes, defaults and hidden states are transformers' own."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import hidden_states

from nlu_lite.encoding.backends.graph import bucket_distances, number_positions
from nlu_lite.encoding.backends.kinds import DEFAULTS, KINDS, describe_encoder
from nlu_lite.encoding.backends.openvino import OpenVinoBackend
from nlu_lite.encoding.backends.torch import TorchBackend, _empty_model, fuse
from nlu_lite.errors import ModelError
from nlu_lite.records import Batch, Checkpoint, SubwordKind, SubwordModel

SIZES = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 32}
DISTILBERT = {"dim": 24, "n_layers": 3, "n_heads": 4, "hidden_dim": 32}
MORE = {"albert": {"embedding_size": 8, "num_hidden_groups": 2}, "electra": {"embedding_size": 8}}
VOCABULARY, POSITIONS = 60, 300
ACTIVATIONS = ["gelu_new", "gelu_fast", "quick_gelu", "relu", "silu", "tanh", "sigmoid", "linear", "mish"]


@cache
def checkpoint(kind, **changes):
    """Return random weights of a small model of a kind, which no test changes."""
    import torch
    from transformers import AutoConfig, AutoModel

    sizes = {**(DISTILBERT if kind == "distilbert" else SIZES), **MORE.get(kind, {})}
    config = AutoConfig.for_model(kind, **{**sizes, "vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS})
    config.update(changes)
    torch.manual_seed(3)
    model = AutoModel.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return Checkpoint(config.to_dict(), tensors, SubwordModel(SubwordKind.SENTENCEPIECE, b""))


@pytest.fixture(scope="module", params=sorted(KINDS))
def model(request):
    return checkpoint(request.param)


@pytest.fixture(scope="module")
def backends(model):
    return TorchBackend(model), OpenVinoBackend(model)


def batch(model, lengths, seed=0):
    """Return windows of these lengths, padded to the longest."""
    pad, rng = model.config["pad_token_id"], np.random.default_rng(seed)
    ids = rng.integers(2, VOCABULARY, (len(lengths), max(lengths)))
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    return np.where(mask == 1, ids, pad), mask


def difference(backends, windows, layers):
    """Return the largest difference at pieces; states at padding are undefined."""
    ids, mask = windows
    theirs, ours = (hidden_states(backend, ids, mask, layers) for backend in backends)
    assert theirs.shape == ours.shape == (len(layers), *ids.shape, 24)
    return np.abs(theirs - ours)[:, mask == 1].max()


@pytest.mark.parametrize("layers", [(3,), pytest.param((0,), marks=pytest.mark.slow), (2, 0, 3)])
@pytest.mark.parametrize("lengths", [pytest.param((1,), marks=pytest.mark.slow), (5, 40, 17), (290,)])
def test_hidden_states_are_torchs(model, backends, lengths, layers):
    assert difference(backends, batch(model, lengths), layers) < 1e-5


@pytest.mark.parametrize(
    "layers", [(3,), (2, 0, 3), *(pytest.param(one, marks=pytest.mark.slow) for one in [(1, 0, 3), (2,)])]
)
@pytest.mark.parametrize("rows", [[7], [3, 0, 56, 56, 19, 41]], ids=["one", "in any order"])
def test_rows_are_those_of_all_hidden_states(backends, model, rows, layers):
    ids, mask = batch(model, (20, 11, 17))
    expected = hidden_states(backends[0], ids, mask, layers).reshape(len(layers), -1, 24)[:, rows]
    theirs, ours = (one.submit(Batch(ids, mask, np.array(rows)), layers).result() for one in backends)
    np.testing.assert_array_equal(theirs, expected)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def fused_difference(backend, model, windows, layers):
    """Return the largest difference of an encoder for GPUs, run on the CPU, at all pieces in a mixed order."""
    import torch

    ids, mask = windows
    rows = np.random.default_rng(0).permutation(np.flatnonzero(mask))
    with torch.inference_mode():
        found = fuse(backend.model, model).run(Batch(ids, mask, rows), layers)
    expected = backend.submit(Batch(ids, mask, rows), layers).result()
    assert [tuple(one.shape) for one in found] == [one.shape for one in expected]
    return np.abs(np.stack(found) - expected).max()


@pytest.mark.parametrize("layers", [(3,), (0,), (2, 0, 3)])
@pytest.mark.parametrize("lengths", [(5, 40, 17), (16, 16)], ids=["padded", "not padded"])
def test_fused_encoders_compute_the_states_of_transformers(backends, model, lengths, layers):
    assert fused_difference(backends[0], model, batch(model, lengths), layers) < 1e-5


def test_fusing_takes_no_memory_for_a_second_copy_of_weights(model):
    backend = TorchBackend(model)
    windows = Batch(*batch(model, (5, 9)), np.arange(5))
    before = backend.submit(windows, (3,)).result()
    size = weight_bytes(backend.model.parameters())
    fused = fuse(backend.model, model)
    joined = [weight for layer in fused._layers.values() for weight in layer.attention]
    assert weight_bytes([*backend.model.parameters(), *joined]) == size
    np.testing.assert_array_equal(backend.submit(windows, (3,)).result(), before)


def weight_bytes(tensors):
    """Return the memory of tensors in bytes; count shared memory once."""
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("albert", {"num_hidden_groups": 3}),
        ("albert", {"num_hidden_groups": 1, "inner_group_num": 2}),
        ("electra", {"embedding_size": 24}),
        *(("bert", {"hidden_act": activation}) for activation in ACTIVATIONS),
    ],
)
def test_fused_encoders_follow_the_settings(kind, settings):
    model = checkpoint(kind, **settings)
    assert fused_difference(TorchBackend(model), model, batch(model, (9, 30)), (3,)) < 1e-5


def test_backends_agree_on_sizes(backends):
    theirs, ours = ((one.dimension, one.layers, one.positions, one.budget) for one in backends)
    assert theirs == ours


def test_names_and_shapes_are_those_of_transformers(model):
    assert describe_encoder(model).shapes == {
        name: tuple(one.shape) for name, one in _empty_model(model).state_dict().items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_settings_that_are_not_stated_have_transformers_defaults(kind):
    from transformers import AutoConfig

    config = AutoConfig.for_model(kind)
    ours = describe_encoder(Checkpoint({"model_type": kind}, {}, SubwordModel(SubwordKind.SENTENCEPIECE, b""))).settings
    names = [name for name in (*DEFAULTS, *KINDS[kind].defaults) if hasattr(config, name)]
    assert {name: ours[name] for name in names} == {name: getattr(config, name) for name in names}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_torchs(activation):
    model = checkpoint("bert", hidden_act=activation, num_hidden_layers=1)
    assert difference((TorchBackend(model), OpenVinoBackend(model)), batch(model, (9, 30)), (1,)) < 1e-5


@pytest.mark.parametrize("changes", [{"num_hidden_groups": 3}, {"num_hidden_groups": 1, "inner_group_num": 2}])
def test_albert_shares_layers_as_its_groups_say(changes):
    model = checkpoint("albert", **changes)
    assert difference((TorchBackend(model), OpenVinoBackend(model)), batch(model, (9, 30)), (3,)) < 1e-5


def test_electra_is_not_projected_where_widths_agree():
    model = checkpoint("electra", embedding_size=24)
    assert difference((TorchBackend(model), OpenVinoBackend(model)), batch(model, (9, 30)), (0, 3)) < 1e-5


@given(st.lists(st.integers(-600, 600), min_size=1, max_size=50))
@settings(max_examples=50)
def test_buckets_are_mpnets(distances):
    import torch
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    expected = MPNetEncoder.relative_position_bucket(torch.tensor(distances))
    assert bucket_distances(np.array(distances)).tolist() == expected.tolist()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 4))
@settings(max_examples=50)
def test_positions_are_numbered_as_robertas(ids, padding):
    import torch
    from transformers.models.roberta.modeling_roberta import RobertaEmbeddings

    expected = RobertaEmbeddings.create_position_ids_from_input_ids(torch.tensor([ids]), padding)
    assert number_positions(np.array([ids]), padding).tolist() == expected.tolist()


# --- weights and configurations that do not fit, with the same words by both backends ---------------------------------


def without(model, name):
    return replace(model, tensors={one: array for one, array in model.tensors.items() if one != name})


def with_tensor(model, name, array):
    return replace(model, tensors={**model.tensors, name: array})


def with_config(model, **changes):
    return replace(model, config={**model.config, **changes})


LAYER = "encoder.layer.1.output.dense.weight"
BROKEN = {
    "missing": (lambda model: without(model, LAYER), r"1 tensors are missing, the first is 'encoder.layer.1"),
    "shape": (lambda model: with_tensor(model, LAYER, np.zeros((24, 24), np.float32)), r"has shape \(24, 24\); exp"),
    "types": (lambda model: with_config(model, type_vocab_size=3), r"has shape \(2, 24\); expected \(3, 24\)"),
    "fewer": (lambda model: with_config(model, num_hidden_layers=4), "the weights have 3 layers; expected 4"),
    "more": (lambda model: with_config(model, num_hidden_layers=2), "the weights have 3 layers; expected 2"),
    "unused": (
        lambda model: with_tensor(model, "encoder.layer.0.more", np.zeros(2, np.float32)),
        "the weights have 'encoder.layer.0.more', which the configuration does not have",
    ),
    "heads": (lambda model: with_config(model, num_attention_heads=7), "the configuration describes no model .*7"),
    "size": (lambda model: with_config(model, hidden_size="x"), "the configuration describes no model"),
    "activation": (lambda model: with_config(model, hidden_act="foo"), "the configuration describes no model .*foo"),
    "kind of activation": (lambda model: with_config(model, hidden_act=3), "the configuration describes no model"),
}


@pytest.mark.parametrize("backend", [TorchBackend, OpenVinoBackend])
@pytest.mark.parametrize("broken", BROKEN)
def test_what_does_not_fit_is_an_error_in_the_same_words(broken, backend):
    change, said = BROKEN[broken]
    with pytest.raises(ModelError, match=said):
        backend(change(checkpoint("bert")))


@pytest.mark.parametrize("backend", [TorchBackend, OpenVinoBackend])
def test_a_padding_id_that_positions_need_has_to_be_stated(backend):
    with pytest.raises(ModelError, match="pad_token_id=None; expected a number, from which positions are counted"):
        backend(with_config(checkpoint("roberta"), pad_token_id=None))
