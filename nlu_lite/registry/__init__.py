"""Resolve references to a `ModelSpec` or `ComponentSpec`, search for them, and describe them."""

from nlu_lite.registry.catalogue import Catalogue, ModelKind, ModelLayout, Row, Status, load_kinds
from nlu_lite.registry.lookup import DEFAULT, Lookup, look_up, replace_components, resolve
from nlu_lite.registry.registrations import Registration, load_catalogue, register
from nlu_lite.registry.search import search_rows

__all__ = [
    "DEFAULT",
    "Catalogue",
    "Lookup",
    "ModelKind",
    "ModelLayout",
    "Registration",
    "Row",
    "Status",
    "load_catalogue",
    "load_kinds",
    "look_up",
    "register",
    "replace_components",
    "resolve",
    "search_rows",
]
