"""The public surface of the package, and the cost of its import."""

import inspect
import subprocess
import sys
from importlib import metadata

import nlu_lite

HEAVY = ["torch", "transformers", "pandas", "pyarrow", "huggingface_hub", "openvino", "pyspark", "ray", "plotly"]


def test_the_public_surface_is_this():
    assert sorted(nlu_lite.__all__) == [
        "BadReference",
        "BatchMapper",
        "FormatError",
        "Info",
        "InputError",
        "IntegrityError",
        "LicensedReference",
        "MissingExtra",
        "ModelError",
        "NluLiteError",
        "OfflineError",
        "OptionError",
        "Pipeline",
        "SourceError",
        "UnknownReference",
        "UnsupportedReference",
        "__version__",
        "clear_models",
        "info",
        "load",
        "matrix",
        "references",
        "register",
        "search",
    ]


def signature(function):
    return [
        f"{'*' if p.kind is p.VAR_POSITIONAL else ''}{p.name}" + ("" if p.default is p.empty else f"={p.default!r}")
        for p in inspect.signature(function).parameters.values()
    ]


def test_load_takes_these():
    assert signature(nlu_lite.load) == [
        "*references",
        "path=None",
        "device='cpu'",
        "backend='auto'",
        "precision='fp32'",
        "threads=None",
        "words='icu'",
        "pooling='first'",
        "sentence_pooling=None",
        "prompt=None",
        "layers=(-1,)",
        "layer_merge='mean'",
        "alignment='word'",
        "context='sentence'",
        "max_length=None",
        "normalize=False",
        "reproducible=False",
        "newline_breaks='paragraphs'",
        "keep_whole=()",
        "sentence_splitter=None",
        "tokenizer=None",
        "source=None",
        "revision=None",
        "cache_dir=None",
        "offline=None",
        "lock=None",
        "versions='same'",
    ]


def test_predict_takes_these():
    assert signature(nlu_lite.Pipeline.predict) == [
        "self",
        "data",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "split='words'",
        "as_='pandas'",
        "vectors='numpy'",
        "progress=None",
    ]


def test_stream_takes_these():
    assert signature(nlu_lite.Pipeline.stream) == [
        "self",
        "data",
        "chunk=1024",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "split='words'",
        "as_='pandas'",
    ]


def test_predict_file_takes_these():
    assert signature(nlu_lite.Pipeline.predict_file) == [
        "self",
        "source",
        "target",
        "chunk=1024",
        "dtype='float32'",
        "existing='error'",
        "format=None",
        "delimiter=None",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "progress=None",
    ]


def test_save_takes_these():
    assert signature(nlu_lite.Pipeline.save) == ["self", "path", "weights=False"]


def test_every_error_is_of_one_tree():
    errors = [getattr(nlu_lite, name) for name in nlu_lite.__all__ if inspect.isclass(getattr(nlu_lite, name))]
    errors.remove(nlu_lite.Pipeline)
    errors.remove(nlu_lite.BatchMapper)
    errors.remove(nlu_lite.Info)
    assert errors
    assert all(issubclass(error, nlu_lite.NluLiteError) for error in errors)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_loads_nothing_heavy():
    assert run(f"import sys, nlu_lite; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_a_text_component_predicts_without_torch():
    code = "import sys, nlu_lite; nlu_lite.load('de.tokenize').predict('Ja.'); print('torch' in sys.modules)"
    assert run(code) == "False"


def test_the_version_is_the_distributions():
    assert nlu_lite.__version__ == metadata.version("nlu-lite")


def test_an_error_repeats_a_page_at_most_of_what_was_got():
    error = nlu_lite.FormatError("x" * 200_000, "less", "Cut it")
    assert str(error) == "x" * 3000 + "...; expected less. Cut it."
