"""Open a pipeline: from references, from a saved folder, or where it is unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlu_lite import frames, registry, saving, store, text
from nlu_lite.errors import FormatError, OptionError
from nlu_lite.model import check_prompt, open_model
from nlu_lite.options import (
    AlignmentName,
    BackendChoice,
    BackendName,
    ContextName,
    LayerMergeName,
    ModelChanges,
    ModelOptions,
    NewlineBreaksName,
    PoolingName,
    Precision,
    PrecisionName,
    SentencePoolingName,
    SourceChoice,
    Splitter,
    TextSettings,
    Versions,
    VersionsName,
    WordsName,
    parse_changes,
    parse_choice,
    parse_path,
)
from nlu_lite.pipeline.pipeline import Pipeline
from nlu_lite.records import ComponentSpec, ModelSpec
from nlu_lite.store import default_cache, lockfile
from nlu_lite.store.locks import LockedModel


def load(
    *references: str,
    path: str | Path | None = None,
    device: str = "cpu",
    backend: BackendChoice = "torch",
    precision: PrecisionName = "fp32",
    threads: int | None = None,
    words: WordsName = "icu",
    pooling: PoolingName = "first",
    sentence_pooling: SentencePoolingName | None = None,
    prompt: str | None = None,
    layers: Sequence[int] = (-1,),
    layer_merge: LayerMergeName = "mean",
    alignment: AlignmentName = "word",
    context: ContextName = "sentence",
    max_length: int | None = None,
    normalize: bool = False,
    reproducible: bool = False,
    newline_breaks: NewlineBreaksName = "paragraphs",
    keep_whole: str | Sequence[str] = (),
    sentence_splitter: Splitter | None = None,
    tokenizer: Splitter | None = None,
    source: SourceChoice | None = None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    offline: bool | None = None,
    lock: str | Path | None = None,
    versions: VersionsName = "same",
) -> Pipeline:
    """Find, fetch and read what the references stand for; whatever can fail fails here.

    Args:
        references: NLU references (``"xx.embed.xlm_roberta_xtreme_base"``, ``"de.tokenize"``), several in one string
            or several strings; or ``"hf:org/name"`` for a repository of the Hugging Face hub, ``"path:DIR"`` for a
            folder in transformers' layout, ``"sparknlp:DIR_OR_ZIP"`` for a model that Spark NLP saved. None at all
            means the packaged model.
        path: A folder that `Pipeline.save` wrote, in the place of references and their options: only ``device``,
            ``threads``, ``cache_dir``, ``offline`` and ``versions`` stand beside it.
        device: Where models run: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        backend: What runs them: ``"torch"``, or ``"openvino"`` (extra of that name; faster on the CPU; every kind of
            model but ``deberta-v2``).
        precision: In what numbers they compute: ``"fp32"``, ``"bf16"`` (fast where the processor has AVX512-BF16 or
            AMX, and on GPUs; loses digits) or ``"fp16"`` (GPUs). A precision that the backend does not compute in on
            this machine is an error. Vectors are float32 in any case.
        threads: Threads of a forward pass on the CPU; by default the backend's own number.
        words: What finds words where they are not written apart: ``"icu"``, or ``"dictionary"``: packages of the extra
            ``words`` for Japanese, Chinese, Thai, Vietnamese, Khmer and Burmese; other languages keep ICU's
            dictionaries.
        pooling: How a token's vector is made of its pieces': ``"first"`` (Spark NLP's, the usual choice for tagging),
            ``"last"`` (suffixing languages), ``"mean"`` or ``"max"`` (the whole word), ``"first_last"`` (both ends
            beside each other, twice as wide).
        sentence_pooling: How vectors of sentences are made: ``"mean"`` over the pieces, ``"cls"``: the first position,
            ``"pooler"``: the model's own dense layer over it; by default what the model's publisher prescribes, and for
            token models the mean of the token vectors.
        prompt: What is put before each sentence for its vector, such as ``"query: "``; by default what the authors of a
            sentence model ask for.
        layers: Hidden states to use: 0 is the embeddings, -1 the last layer; middle layers often compare words better.
        layer_merge: How several layers become one vector: ``"mean"``, ``"sum"`` or ``"concat"``.
        alignment: What the subword model sees: ``"word"``: each token by itself, Spark NLP's way; ``"text"``: the text
            as a whole, as in training, tokens aligned by their offsets.
        context: What a token's vector may look at: its ``"sentence"``, or the whole ``"document"``.
        max_length: Longest window in pieces, special tokens included; by default as long as the model's positions
            allow. Longer texts go through overlapping windows: nothing is cut off.
        normalize: Whether vectors are divided by their Euclidean length, for comparing by dot product.
        reproducible: Whether a vector is the same bit for bit whatever else is encoded and in which order (on the same
            machine and number of threads); slower. Otherwise last digits can differ, by less than 5e-6.
        newline_breaks: Which line breaks end a sentence: ``"paragraphs"`` (empty lines), ``"lines"`` or ``"never"``.
        keep_whole: A regular expression, or several; what one matches stays one token.
        sentence_splitter: Takes the place of the sentence rules: gets a text, gives half-open spans of it, in order.
        tokenizer: Takes the place of the word rules: gets a sentence, gives half-open spans of it, in order.
        source: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``: the one place that models may come from; by
            default those that the catalogue names, in its order.
        revision: Branch, tag or commit of a hub repository; by default its main branch.
        cache_dir: Where converted models are kept; by default ``NLU_LITE_CACHE``, else the user's cache folder. The
            hub's own files stay in the Hugging Face cache.
        offline: Whether to use only what is on this machine; by default as the environment says (``NLU_LITE_OFFLINE``,
            ``HF_HUB_OFFLINE``).
        lock: A file that ``nlu-lite lock`` made: models come from where it says, and a file of theirs that does not
            have the bytes that it states is an error.
        versions: What becomes of a saved pipeline where other versions are installed than when it was saved:
            ``"same"`` refuses those that can change a token or a piece, and those that can change a digit of a
            reproducible pipeline, and names all others in a warning of the logger ``nlu_lite``; ``"any"`` names all.

    Raises:
        BadReference: A reference is unknown, not public, or of a kind that cannot be read.
        SourceError: Files could not be fetched.
        FormatError: Files are damaged, or a pipeline was saved beside other versions.
        IntegrityError: The weights that a saved pipeline refers to are others now.
        ModelError: The parts of a model do not fit one another.
        MissingExtra: A package is needed that is not installed.
        OptionError: An option has an unknown value.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.load("en.sentence_detector").predict("It rains. Stay in!", output_level="sentence")
            sentence
        0  It rains.
        0   Stay in!
    """
    settings, options = parse_changes(
        TextSettings(),
        ModelOptions(
            device=device,
            backend=parse_choice(BackendName, backend, "backend"),
            precision=parse_choice(Precision, precision, "precision"),
            threads=threads,
        ),
        ModelChanges(
            words=words,
            newline_breaks=newline_breaks,
            keep_whole=keep_whole,
            sentence_splitter=sentence_splitter,
            tokenizer=tokenizer,
            pooling=pooling,
            sentence_pooling=sentence_pooling,
            prompt=prompt,
            layers=layers,
            layer_merge=layer_merge,
            alignment=alignment,
            context=context,
            max_length=max_length,
            normalize=normalize,
            reproducible=reproducible,
        ),
    )
    access = store.Access(
        cache=default_cache(None if cache_dir is None else parse_path(cache_dir, "cache_dir")),
        offline=offline,
        source=None if source is None else parse_choice(store.Place, source, "source"),
        revision=revision,
    )
    kept = parse_choice(Versions, versions, "versions")
    if path is not None:
        if lock is not None:
            raise OptionError("path= and a lock", "one of them", "Leave lock= out: the folder has digests of its own")
        return _load_saved(parse_path(path, "path"), references, settings, options, access, kept)
    if kept is not Versions.SAME:
        raise OptionError(f"versions={versions!r} without path=", "it with a saved pipeline", "Leave it out")
    components = registry.resolve(references)
    language = _choose_language(components)
    text.check_dictionaries(settings.words, language)
    specs = [spec for spec in components if isinstance(spec, ModelSpec)]
    names = frames.name_vector_columns(specs)
    locked = _find_locked(specs, lock, revision)
    models = [
        open_model(spec, name, access, options, pins) for spec, name, pins in zip(specs, names, locked, strict=True)
    ]
    check_prompt(prompt, models)
    return Pipeline(components, tuple(models), language, settings, options, access)


def _load_saved(
    path: Path,
    references: tuple[str, ...],
    settings: TextSettings,
    options: ModelOptions,
    access: store.Access,
    versions: Versions,
) -> Pipeline:
    """Open a saved pipeline; device and threads are this machine's, all else is as it was saved."""
    here = replace(ModelOptions(), device=options.device, threads=options.threads)
    if references or access.source or access.revision or (settings, options) != (TextSettings(), here):
        raise OptionError(
            "path= was given with references or options of its own",
            "device, threads, cache_dir, offline or versions beside it",
            "Change the pipeline when it is loaded: load(path=...).with_(...)",
        )
    saved = saving.read(path, versions)
    if saved.language != _choose_language(saved.components):
        got = f"{path / saving.FILE} is damaged (its language is {saved.language!r}, that of its references is another)"
        raise FormatError(got, "what Pipeline.save writes", saving.REMEDY)
    text.check_dictionaries(saved.settings.words, saved.language)
    options = replace(saved.options, device=options.device, threads=options.threads)
    models = [open_model(one.spec, one.column, access, options, check=saving.checked(one)) for one in saved.models]
    return Pipeline(saved.components, tuple(models), saved.language, saved.settings, options, access)


def reopen(bare: dict[str, Any], names: Sequence[tuple[ModelSpec, str, str, str]]) -> Pipeline:
    """Open the models of a pipeline that was pickled: it has their names and digests, not their weights."""
    pipeline = Pipeline(**bare)
    access = replace(pipeline.access, revision=None)  # each origin names its own
    models = [
        open_model(spec, column, access, pipeline.options, check=saving.same(files, digest))
        for spec, column, files, digest in names
    ]
    return replace(pipeline, models=tuple(models))


def _find_locked(
    specs: Sequence[ModelSpec], lock: str | Path | None, revision: str | None
) -> Sequence[LockedModel | None]:
    if lock is None:
        return [None] * len(specs)
    if revision is not None:
        raise OptionError(f"revision={revision!r} and a lock", "one of them", "Leave revision= out: the lock names it")
    found = lockfile.read(parse_path(lock, "lock"))
    return [found.model(spec.reference) for spec in specs]


def _choose_language(components: tuple[ModelSpec | ComponentSpec, ...]) -> str:
    """That of the text components; failing these, the one in which all references agree; failing that, ``xx``."""
    texts = {text.check_language(spec.language) for spec in components if isinstance(spec, ComponentSpec)}
    if len(texts) > 1:
        raise OptionError(
            f"the text components are of the languages {', '.join(sorted(texts))}", "one", "Leave all but one out"
        )
    languages = texts or {spec.language for spec in components}
    return languages.pop() if len(languages) == 1 else "xx"
