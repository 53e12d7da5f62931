"""The values that options can have: an enum for each option, and its values as a `Literal` for editors."""

from __future__ import annotations

from enum import Enum, Flag, auto
from typing import Literal, TypeAlias

# --- results ---------------------------------------------------------------------------------------------------------


class Level(Enum):
    """The unit of a row of the result."""

    TOKEN = "token"
    SENTENCE = "sentence"
    DOCUMENT = "document"


class ExtraColumns(Flag):
    """Columns of the result besides strings and vectors."""

    NONE = 0
    POSITIONS = auto()
    METADATA = auto()


class FrameLibrary(Enum):
    """The library of a frame."""

    PANDAS = "pandas"
    ARROW = "arrow"
    POLARS = "polars"


class VectorCells(Enum):
    """The cells of vectors in a pandas frame: views of the rows of one matrix, or an Arrow column."""

    NUMPY = "numpy"
    ARROW = "arrow"


class Empty(Enum):
    """The rows of documents without words: none, or one with zeros."""

    DROP = "drop"
    KEEP = "keep"


LevelName: TypeAlias = Literal["token", "sentence", "document"]
StreamLibraryName: TypeAlias = Literal["pandas", "arrow"]
VectorCellsName: TypeAlias = Literal["numpy", "arrow"]
EmptyName: TypeAlias = Literal["drop", "keep"]

# --- input -----------------------------------------------------------------------------------------------------------


class Missing(Enum):
    """The treatment of None and NaN among the texts."""

    ERROR = "error"
    SKIP = "skip"


class Split(Enum):
    """The unit of the strings of a document that is already split."""

    WORDS = "words"
    SENTENCES = "sentences"


class OtherColumns(Enum):
    """The treatment of the columns of the input that are not texts."""

    KEEP = "keep"
    DROP = "drop"


MissingName: TypeAlias = Literal["error", "skip"]
SplitName: TypeAlias = Literal["words", "sentences"]

# --- files -----------------------------------------------------------------------------------------------------------


class FileFormat(Enum):
    """The format of a file of texts."""

    TXT = "txt"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class VectorDtype(Enum):
    """The data type of vectors in a file."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


class Existing(Enum):
    """The treatment of an output that exists."""

    ERROR = "error"
    REPLACE = "replace"


FileFormatName: TypeAlias = Literal["txt", "jsonl", "csv", "tsv", "parquet"]
VectorDtypeName: TypeAlias = Literal["float32", "float16"]
ExistingName: TypeAlias = Literal["error", "replace"]

# --- text ------------------------------------------------------------------------------------------------------------


class Words(Enum):
    """The word finder for scripts without spaces between words."""

    ICU = "icu"  # ICU's dictionaries and the lists of this library
    DICTIONARY = "dictionary"  # a package for each language, from the extra `words`


class NewlineBreaks(Enum):
    """The line breaks that end a sentence."""

    PARAGRAPHS = "paragraphs"  # an empty line, a form feed, U+2029
    LINES = "lines"  # every line break
    NEVER = "never"  # none


class Compat(Enum):
    """A library whose results are reproduced.

    SPARKNLP is Spark NLP: the sentences and tokens of its `SentenceDetector` and `Tokenizer`, and no vector for pieces
    beyond its maximum length of a sentence.
    """

    SPARKNLP = "sparknlp"


CompatName: TypeAlias = Literal["sparknlp"]
WordsName: TypeAlias = Literal["icu", "dictionary"]
NewlineBreaksName: TypeAlias = Literal["paragraphs", "lines", "never"]

# --- vectors ---------------------------------------------------------------------------------------------------------


class Pooling(Enum):
    """The vector of a token from the vectors of its pieces.

    FIRST is Spark NLP's and the usual choice for tagging. LAST suits suffixing languages. MEAN and MAX use the whole
    word. FIRST_LAST concatenates both ends and is twice as wide.
    """

    FIRST = "first"
    LAST = "last"
    MEAN = "mean"
    MAX = "max"
    FIRST_LAST = "first_last"


class LayerMerge(Enum):
    """The vector from several layers: their mean, their sum, or their concatenation."""

    MEAN = "mean"
    SUM = "sum"
    CONCAT = "concat"


class Context(Enum):
    """The text that a token's vector depends on: its SENTENCE, as in Spark NLP, or its DOCUMENT, in windows."""

    SENTENCE = "sentence"
    DOCUMENT = "document"


PoolingName: TypeAlias = Literal["first", "last", "mean", "max", "first_last"]
SentencePoolingName: TypeAlias = Literal["mean", "cls", "pooler"]
LayerMergeName: TypeAlias = Literal["mean", "sum", "concat"]
AlignmentName: TypeAlias = Literal["word", "text"]
ContextName: TypeAlias = Literal["sentence", "document"]

# --- models ----------------------------------------------------------------------------------------------------------


class BackendName(Enum):
    """The library that runs a model. AUTO is OpenVINO for models that it supports on a CPU, else torch."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


class Precision(Enum):
    """The number format that a model computes in; vectors are float32 in any case.

    BF16 is fast on processors with AVX512-BF16 or AMX and on GPUs, FP16 on GPUs. Both lose digits.
    """

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class SavedWeights(Enum):
    """The weights of a saved pipeline: a reference to their origin with their digest, or a copy."""

    REFERENCE = "reference"
    COPY = "copy"


class Versions(Enum):
    """The treatment of a pipeline that was saved with other versions: SAME refuses it, ANY logs a warning."""

    SAME = "same"
    ANY = "any"


BackendChoice: TypeAlias = Literal["auto", "torch", "openvino"]
PrecisionName: TypeAlias = Literal["fp32", "bf16", "fp16"]
SourceChoice: TypeAlias = Literal["installed", "folder", "hub", "bucket"]
VersionsName: TypeAlias = Literal["same", "any"]
