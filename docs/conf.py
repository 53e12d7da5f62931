"""Sphinx settings: Markdown pages, and the API from the docstrings."""

from importlib import metadata

project = "nlu_lite"
author = "the nlu_lite authors"
release = metadata.version("nlu-lite")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
myst_heading_anchors = 3
html_theme = "alabaster"
