"""The directive C{declared}: shows something that the server declares, such as C{declared:: settings ws}."""

from __future__ import annotations

from typing import Any, ClassVar

from declarations import LINES, Table, make, pieces
from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def _paragraph(text: str) -> nodes.paragraph:
    found = nodes.paragraph()
    for is_code, part in pieces(text):
        found += nodes.literal(part, part) if is_code else nodes.Text(part)
    return found


def _row(cells: tuple[str, ...]) -> nodes.row:
    return nodes.row("", *[nodes.entry("", _paragraph(cell)) for cell in cells])


def _table(table: Table) -> nodes.table:
    group = nodes.tgroup(cols=len(table.titles))
    for width in table.widths:
        group += nodes.colspec(colwidth=width)
    group += nodes.thead("", _row(table.titles))
    group += nodes.tbody("", *map(_row, table.rows))
    return nodes.table("", group, classes=["colwidths-given"])


class Declared(SphinxDirective):
    """Puts a table, a text or a line in its place."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = {"language": str}

    def run(self) -> list[nodes.Node]:
        """@return: what was asked for."""
        self.env.note_reread()  # the declarations may change while this page does not
        words = self.arguments[0].split()
        found = make(words)
        if isinstance(found, Table):
            return [_table(found)]
        if words[0] in LINES:
            return [_paragraph(found)]
        return [nodes.literal_block(found, found, language=self.options.get("language", "none"))]


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("declared", Declared)
    return {"version": "1", "parallel_read_safe": True}
