"""A remedy names only calls and options that exist."""

import ast
import inspect
import re
from pathlib import Path

import nlu_lite
import nlu_lite.nlu
import nlu_lite.pandas
from nlu_lite import annotators, errors
from nlu_lite.options import ModelChanges

PACKAGE = Path(nlu_lite.__file__).parent
ERRORS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
OURS = [getattr(nlu_lite, name) for name in nlu_lite.__all__ if inspect.isfunction(getattr(nlu_lite, name))]
STAGES = [kind for name in annotators.__all__ if inspect.isclass(kind := getattr(annotators, name))]
OURS += [
    value
    for kind in (nlu_lite.Pipeline, nlu_lite.pandas.NluAccessor, nlu_lite.nlu.NLUPipeline, *STAGES)
    for _, value in inspect.getmembers(kind, inspect.isroutine)
]
CALLS = {value.__name__ for value in [*OURS, *STAGES] if inspect.isroutine(value) or inspect.isclass(value)}
OPTIONS = {name for value in OURS if inspect.isfunction(value) for name in inspect.signature(value).parameters}
OPTIONS |= set(ModelChanges.__annotations__)

# Python's, numpy's, pandas', and those of Hugging Face's data sets
OTHER_CALLS = {
    "astype",
    "bytes",
    "cast_column",
    "decode",
    "encode",
    "escape",
    "get_level_values",
    "item",
    "list",
    "ravel",
}
OTHER_CALLS |= {"DataFrame", "Series", "drop", "read_text", "str", "to_pandas", "values"}
OTHER_OPTIONS = {"encoding", "errors"}


def remedies():
    """Return the file and each text in the remedy of each error that the package raises."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                given = [word.value for word in node.keywords if word.arg == "remedy"] + node.args[2:3]
                yield from ((path.name, text) for one in given for text in texts(one))


def texts(node):
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return [text for child in ast.iter_child_nodes(node) for text in texts(child)]


def test_remedies_name_calls_and_options_that_exist():
    found = list(remedies())
    assert len(found) > 100
    for place, remedy in found:
        calls = {call.rpartition(".")[2] for call in re.findall(r"([A-Za-z_][\w.]*)\(", remedy)}
        assert calls <= CALLS | OTHER_CALLS | {"x"}, (place, remedy)
        options = set(re.findall(r"(?<![\w-])([a-z_]+)=", remedy))
        assert options <= OPTIONS | OTHER_OPTIONS | {"x"}, (place, remedy)
