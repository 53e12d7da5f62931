"""The frozen records that rooms pass to one another: plain values and numpy arrays."""

from nlu_lite.records.arrays import Bools, Floats, Int64s, Ints
from nlu_lite.records.checkpoints import AddedToken, Checkpoint, Normalization, SubwordKind, SubwordModel
from nlu_lite.records.encoding import Batch, Pieces, Runs, TokenStats, Windows
from nlu_lite.records.specs import (
    AS_STATED,
    Action,
    Alignment,
    Authority,
    BucketArchive,
    Card,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    LocalFolder,
    ModelSpec,
    Origin,
    SentencePooling,
    SentenceRecipe,
)
from nlu_lite.records.text import Corpus, Segments, TokenTexts

__all__ = [
    "AS_STATED",
    "Action",
    "AddedToken",
    "Alignment",
    "Authority",
    "Batch",
    "Bools",
    "BucketArchive",
    "Card",
    "Checkpoint",
    "ComponentSpec",
    "Corpus",
    "Floats",
    "HubRepository",
    "InstalledFile",
    "Int64s",
    "Ints",
    "LocalFolder",
    "ModelSpec",
    "Normalization",
    "Origin",
    "Pieces",
    "Runs",
    "Segments",
    "SentencePooling",
    "SentenceRecipe",
    "SubwordKind",
    "SubwordModel",
    "TokenStats",
    "TokenTexts",
    "Windows",
]
