"""How Sphinx builds these documents: C{make docs}, into C{docs/_build/html}."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from comet import __version__  # noqa: E402

project = "comet"
author = "the comet authors"
copyright = "the comet authors, MIT licence"
version = release = __version__

extensions = ["declared"]
exclude_patterns = ["_build", "_ext", "examples"]
root_doc = "index"
nitpicky = True
highlight_language = "none"
default_role = "literal"

html_theme = "furo"
html_title = f"comet {version}"
html_static_path = ["_static"]
html_css_files = ["comet.css"]
html_favicon = "_static/mark.svg"
html_logo = "_static/mark.svg"
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#4f46d8", "color-brand-content": "#4f46d8"},
    "dark_css_variables": {"color-brand-primary": "#a5a0ff", "color-brand-content": "#a5a0ff"},
}
