"""The cells of the page for notebooks run as they stand, in their order, and show what they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/how-to/notebook.qmd"


def test_the_cells_of_the_notebook_page_run_and_show_charts_and_tables():
    cells = re.findall(r"```\{python\}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    held: dict[str, Any] = {}
    shown: list[Any] = []
    for cell in cells:
        *lines, last = ast.parse(cell).body
        ending = isinstance(last, ast.Expr)
        exec(compile(ast.Module(lines if ending else [*lines, last], []), str(PAGE), "exec"), held)
        if ending:
            shown.append(eval(compile(ast.Expression(last.value), str(PAGE), "eval"), held))
    judged, charts, figure, table = shown
    assert judged is True
    assert "<table" in charts._repr_html_()
    assert len(figure.data) > 0
    assert "<table" in table.to_html()
