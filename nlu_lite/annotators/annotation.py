"""`Annotation`: a span of a text with its string, metadata and vector, as Spark NLP has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.extras import check_extra
from nlu_lite.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import Row
    from pyspark.sql.types import ArrayType, StructType


class AnnotatorType:
    """The types of annotations. The stages of this library write the first seven."""

    DOCUMENT = "document"
    TOKEN = "token"
    WORD_EMBEDDINGS = "word_embeddings"
    SENTENCE_EMBEDDINGS = "sentence_embeddings"
    CHUNK = "chunk"
    WORDPIECE = "wordpiece"
    DUMMY = "dummy"
    AUDIO = "audio"
    CATEGORY = "category"
    DATE = "date"
    DEPENDENCY = "dependency"
    DOC_SIMILARITY_RANKINGS = "doc_similarity_rankings"
    ENTITY = "entity"
    IMAGE = "image"
    LABELED_DEPENDENCY = "labeled_dependency"
    LANGUAGE = "language"
    NAMED_ENTITY = "named_entity"
    NEGEX = "negex"
    NODE = "node"
    POS = "pos"
    SENTIMENT = "sentiment"
    TABLE = "table"


FIELDS = ("annotatorType", "begin", "end", "result", "metadata", "embeddings")
"""The fields of an annotation, in Spark NLP's order."""


class Annotation(dict[str, Any]):
    """A span of a text: a struct whose fields are attributes, and items as in a Row of Spark.

    Args:
        annotatorType: The type of the annotation, such as ``"token"``.
        begin: Offset of its first character, in code points of the document.
        end: Offset of its last character: the end is **inclusive**, as in Spark NLP.
        result: Its string.
        metadata: Strings by name, such as the number of its ``sentence``.
        embeddings: Its vector, float32 [d] or a list of float; empty if it has none.

    Example:
        >>> token = Annotation("token", 0, 4, "Hello", {"sentence": "0"}, [])
        >>> token.result, token["end"], token.copy("hello").result
        ('Hello', 4, 'hello')
    """

    def __init__(
        self,
        annotatorType: str,
        begin: int,
        end: int,
        result: str,
        metadata: Mapping[str, str],
        embeddings: Sequence[float] | np.ndarray[Any, Any] = (),
    ) -> None:
        vector = [] if isinstance(embeddings, tuple) and not embeddings else embeddings
        super().__init__(zip(FIELDS, (annotatorType, begin, end, result, metadata, vector), strict=True))

    def __getattr__(self, name: str) -> Any:
        if name in FIELDS:
            return self[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self[name] = value

    def __missing__(self, place: object) -> Any:
        """Return the field at a place, as a Row of Spark does."""
        if isinstance(place, int):
            return self[FIELDS[place]]
        raise KeyError(place)

    def asDict(self, recursive: bool = False) -> dict[str, Any]:  # noqa: ARG002  # as a Row of Spark
        """Return the fields as a plain dict."""
        return dict(self)

    def copy(self, result: str | None = None) -> Annotation:
        """Return a copy, with another `result` if one is given."""
        return Annotation(**{**self, "result": self.result if result is None else result})

    def __eq__(self, other: object) -> bool:
        """Whether all fields are equal; vectors are equal if all their numbers are."""
        if not isinstance(other, Annotation):
            return NotImplemented
        names = FIELDS[:4]
        if [self[name] for name in names] != [other[name] for name in names]:
            return False
        return dict(self.metadata) == dict(other.metadata) and np.array_equal(self.embeddings, other.embeddings)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # as Spark NLP's, which can be modified

    def __repr__(self) -> str:
        vector = list(map(float, self.embeddings))
        first = f"{self.annotatorType}, {self.begin}, {self.end}, {self.result}"
        return f"Annotation({first}, {dict(self.metadata)}, {vector})"

    __str__ = __repr__

    @staticmethod
    def fromRow(row: Any) -> Annotation:
        """Return the annotation of a Row of Spark, or of a mapping with the same fields.

        Raises:
            InputError: It is neither, or a field other than the vector is missing.

        Example:
            >>> Annotation.fromRow({"annotatorType": "token", "begin": 0, "end": 1, "result": "So", "metadata": {}})
            Annotation(token, 0, 1, So, {}, [])
        """
        values = row if isinstance(row, Mapping) else row.asDict() if hasattr(row, "asDict") else {}
        if not set(FIELDS[:5]) <= set(values):
            got = f"the row of an annotation is {row!r:.80}"
            raise InputError(got, f"a Row or a mapping with {', '.join(FIELDS)}", "Select the annotations of a column")
        kind, begin, end, result = (values[name] for name in FIELDS[:4])
        vector = values.get("embeddings")
        return Annotation(kind, begin, end, result, dict(values["metadata"] or {}), () if vector is None else vector)

    @staticmethod
    def toRow(annotation: Annotation) -> Row:
        """Return a Row of Spark with the fields of an annotation.

        Raises:
            MissingExtra: The extra ``spark`` is not installed.
        """
        check_extra("pyspark", "spark", "Annotation.toRow")
        from pyspark.sql import Row

        return Row(**{**annotation, "embeddings": list(map(float, annotation.embeddings))})

    @staticmethod
    def dataType() -> StructType:
        """Return the type of an annotation in Spark.

        Raises:
            MissingExtra: The extra ``spark`` is not installed.
        """
        check_extra("pyspark", "spark", "Annotation.dataType")
        from pyspark.sql.types import ArrayType, FloatType, IntegerType, MapType, StringType, StructField, StructType

        return StructType(
            [
                StructField("annotatorType", StringType(), nullable=True),
                StructField("begin", IntegerType(), nullable=False),
                StructField("end", IntegerType(), nullable=False),
                StructField("result", StringType(), nullable=True),
                StructField("metadata", MapType(StringType(), StringType()), nullable=True),
                StructField("embeddings", ArrayType(FloatType(), containsNull=False), nullable=True),
            ]
        )

    @staticmethod
    def arrayType() -> ArrayType:
        """Return the type of a column of annotations in Spark.

        Raises:
            MissingExtra: The extra ``spark`` is not installed.
        """
        check_extra("pyspark", "spark", "Annotation.arrayType")
        from pyspark.sql.types import ArrayType

        return ArrayType(Annotation.dataType())
