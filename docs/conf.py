"""The documentation as a site: `make site` builds it with Sphinx, and warnings are errors."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "migrator"
release = version = version_of("migrator")
project_copyright = "the migrator authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# The front page of the repository's view; index.md is that of the site.
exclude_patterns = ["README.md"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
python_maximum_signature_line_length = 80
# Docstrings mark code as Markdown does.
default_role = "code"

html_theme = "furo"
html_title = "migrator"
html_show_sourcelink = False
html_copy_source = False

# Pages of the repository that are outside docs/ have another place on the site.
_ELSEWHERE = {"../SECURITY.md": "project/security.md", "../CONTRIBUTING.md": "project/contributing.md"}


def _follow(_app: Sphinx, _page: str, content: list[str]) -> None:
    content[0] = re.sub(r"(?<=\]\()[^)#\s]+", lambda link: _ELSEWHERE.get(link[0], link[0]), content[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", _follow)
