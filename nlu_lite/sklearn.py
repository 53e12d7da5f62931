"""scikit-learn: `NluVectorizer`, a transformer from texts to vectors.

Example:
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from nlu_lite.sklearn import NluVectorizer
    >>> texts = ["I love it.", "Wonderful!", "I hate it.", "Awful!"]
    >>> classifier = make_pipeline(NluVectorizer(), LogisticRegression(C=100)).fit(texts, [1, 1, 0, 0])
    >>> classifier.predict(["Das ist wunderbar!", "C'est horrible !"]).tolist()
    [1, 0]
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np

from nlu_lite._util.extras import check_extra
from nlu_lite.errors import InputError, IntegrityError
from nlu_lite.options import (
    AlignmentName,
    BackendChoice,
    ContextName,
    LayerMergeName,
    PoolingName,
    PrecisionName,
    SentencePoolingName,
    WordsName,
)
from nlu_lite.pipeline import Pipeline, load_once
from nlu_lite.records import Floats

check_extra("sklearn", "sklearn", "nlu_lite.sklearn")

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

__all__ = ["NluVectorizer"]

OF_TEXTS = ("reference", "text_column", "lang")
"""The parameters that are not options of a model."""
RESOURCES = ("device", "threads")
"""The parameters that are read at each call, like scikit-learn's ``n_jobs``: they change the speed alone."""


class NluVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no types
    """A transformer of scikit-learn from texts to the vectors of `Pipeline.encode`.

    Each process opens a model once, also for several estimators with other options, as in a grid search. An estimator
    pickles to a few kB: `fit` records the digest of the model, and the process that loads the pickle opens the model.
    After `set_params`, call `fit` again: until then, `transform` uses the parameters of the last `fit`, except
    `device` and `threads`.

    Args:
        reference: References as `load` takes them, or a pipeline. Default: the packaged model.
        pooling: As for `load`; so are all parameters up to `threads`.
        sentence_pooling: The vector of a sentence model. Default: the recipe of the model's publisher.
        prompt: The prefix of each text. Default: the prefix that the model's authors prescribe.
        layers: The hidden states to use. Default: the last layer.
        layer_merge: The merge of several layers.
        alignment: The input of the subword model.
        context: The text that a token's vector depends on.
        max_length: The maximum length of a window in pieces. Default: the limit of the model.
        normalize: Whether to divide vectors by their Euclidean length.
        words: The word finder for scripts without spaces.
        reproducible: Whether a vector is the same bit for bit, independent of other texts.
        device: The device.
        backend: The library that runs models.
        precision: The number format of the computation.
        threads: The number of threads of a forward pass.
        text_column: The column of texts in a frame. Default: ``text``, or else the only column of strings.
        lang: The language code of the texts. Default: the language of the references.

    Attributes:
        dimension_: The length of the vectors.
        model_digest_: SHA-256 of everything that can change a vector, except options.
        parameters_: The parameters of `fit`, which `transform` uses.
    """

    def __init__(
        self,
        reference: str | Pipeline | None = None,
        *,
        pooling: PoolingName = "first",
        sentence_pooling: SentencePoolingName | None = None,
        prompt: str | None = None,
        layers: Sequence[int] = (-1,),
        layer_merge: LayerMergeName = "mean",
        alignment: AlignmentName = "word",
        context: ContextName = "sentence",
        max_length: int | None = None,
        normalize: bool = False,
        words: WordsName = "icu",
        reproducible: bool = False,
        device: str = "cpu",
        backend: BackendChoice = "auto",
        precision: PrecisionName = "fp32",
        threads: int | None = None,
        text_column: Hashable | None = None,
        lang: str | None = None,
    ) -> None:
        self.reference = reference
        self.pooling = pooling
        self.sentence_pooling = sentence_pooling
        self.prompt = prompt
        self.layers = layers
        self.layer_merge = layer_merge
        self.alignment = alignment
        self.context = context
        self.max_length = max_length
        self.normalize = normalize
        self.words = words
        self.reproducible = reproducible
        self.device = device
        self.backend = backend
        self.precision = precision
        self.threads = threads
        self.text_column = text_column
        self.lang = lang

    def fit(self, X: object, y: object = None) -> Self:
        """Open the model. The texts are not read.

        Args:
            X: Texts, as for `transform`.
            y: Ignored.

        Raises:
            NluLiteError: As for `load`.
            OptionError: A parameter has an unknown value, or there is not exactly one model.
        """
        _read_texts(X)
        parameters = self.get_params(deep=False)
        pipeline = _open(parameters)
        self.dimension_: int = pipeline.encode([]).shape[1]
        self.model_digest_ = pipeline.models[0].digest
        self.parameters_ = parameters
        return self

    def transform(self, X: object) -> Floats:
        """Return the vectors of texts.

        Args:
            X: n texts: a list, an array [n] or [n, 1], or a Series or frame, as `Pipeline.encode` takes them.

        Returns:
            float32 [n, d]; zeros for texts without words.

        Raises:
            NotFittedError: `fit` has not been called.
            InputError: The texts cannot be read, or a text is missing.
            IntegrityError: The model is not the one that `fit` has opened, in another process.
        """
        check_is_fitted(self)
        texts = _read_texts(X)
        fitted = self.parameters_ | {name: getattr(self, name) for name in RESOURCES}
        pipeline = _open(fitted)
        if pipeline.models[0].digest != self.model_digest_:
            got = (
                f"the model of {fitted['reference'] or 'the packaged model'!r} has other bytes than when fit was called"
            )
            raise IntegrityError(got, f"the digest {self.model_digest_}", "Call fit again")
        return pipeline.encode(texts, text_column=fitted["text_column"], lang=fitted["lang"], progress=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.dimension_


def _open(parameters: dict[str, Any]) -> Pipeline:
    """Return the pipeline, with the parameters that differ from their defaults as options."""
    options = {name: parameters[name] for name, default in _list_options() if repr(parameters[name]) != repr(default)}
    reference = parameters["reference"]
    if isinstance(reference, Pipeline):
        return reference.with_(**options)
    return load_once(() if reference is None else (reference,), options)


def _list_options() -> list[tuple[str, Any]]:
    """Return the parameters that are options of a model, and their defaults."""
    parameters = inspect.signature(NluVectorizer).parameters
    return [(name, one.default) for name, one in parameters.items() if name not in OF_TEXTS]


def _read_texts(texts: object) -> object:
    """Return texts as `Pipeline.encode` takes them: other transformers return a column as a matrix [n, 1]."""
    if isinstance(texts, str):
        raise InputError("X is one str", "a list or a column of texts", "Pass a list: [text]")
    return texts.ravel() if isinstance(texts, np.ndarray) and texts.shape[1:] == (1,) else texts
