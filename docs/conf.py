"""Sphinx settings: Markdown pages, notebooks as they are saved, and the API from the docstrings."""

import inspect
from importlib import metadata

from sphinx.util.docutils import SphinxDirective
from typer.main import get_command

from nlu_lite.cli import app as command_line

project = "nlu_lite"
author = "the nlu_lite authors"
copyright = f"2026, {author}"  # noqa: A001  (Sphinx's name)
release = metadata.version("nlu-lite")
extensions = ["myst_nb", "sphinx_design", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests execute the notebooks and compare the outputs with the saved ones
nb_merge_streams = True
smartquotes = False  # options keep their hyphens
html_theme = "furo"
html_title = f"nlu_lite {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False


class CommandLine(SphinxDirective):
    """The help of each command, with its arguments and options."""

    def run(self):
        """Return the nodes of the sections."""
        lines = describe_command(get_command(command_line), "nlu-lite")
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def describe_command(command, path):
    """Yield lines of Markdown: a section for each command, with a table."""
    for name, found in getattr(command, "commands", {}).items():
        yield from describe_command(found, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield from (f"## {path}", "", *describe_help(command.help), "| argument | meaning |", "|---|---|")
        yield from (describe_parameter(parameter) for parameter in command.params if parameter.help)
        yield ""


def describe_help(text):
    """Yield the paragraphs of a help text; the examples in it are code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield from ("```sh", paragraph, "```", "") if "nlu-lite " in paragraph else (paragraph, "")


def describe_parameter(parameter):
    """Return a row of the table: the names of a parameter and its meaning."""
    names = [name for name in parameter.opts if name.startswith("-")] or [parameter.metavar or parameter.name.upper()]
    return f"| {', '.join(f'`{name}`' for name in names)} | {parameter.help} |"


def setup(app):
    """Register the directive of the page of the command line."""
    app.add_directive("command-line", CommandLine)
