"""The one live part of a page: it carries what people choose to Python, and pages back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from panel.custom import JSComponent

from qi_equity.app.aside import Line

TOO_MUCH = "this page asked for too much at once: nothing was done; wait a moment, then try again"


class Wire(JSComponent):  # type: ignore[misc]  # panel ships no types
    """Messages between a page and its session; what is seen is plain HTML outside of it.

    Each is answered in a thread of the page's line, and a file in one of the few for files:
    people who upload large ones keep nobody else waiting.
    """

    _esm: ClassVar[str] = """
    export function render({ model, view }) {
      model.on("msg:custom", (answer) => window.qiEquity.receive(answer))
      window.qiEquity.connect((message) => model.send_msg(message))
      view.model.document.on_event("connection_lost", () => window.qiEquity.lost())
      const nothing = document.createElement("span")
      nothing.hidden = true
      return nothing
    }
    """

    def __init__(
        self, answer: Callable[[dict[str, Any]], dict[str, Any]], line: Line, **params: Any
    ) -> None:
        super().__init__(**params)
        self._answer = answer
        self._line = line

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        """Without style sheets: nothing of it is seen, and Panel would ask another server."""
        made: dict[str, Any] = super()._process_param_change(params)
        return made | {"stylesheets": []} if "stylesheets" in made else made

    def _handle_msg(self, message: Any) -> None:
        asked = message if isinstance(message, dict) else {}
        fields = asked.get("fields")
        file = isinstance(fields, dict) and bool(fields.get("file"))
        slow = file or "release" in (asked.get("act"), asked.get("look"))
        if not self._line.put(lambda: self._send_msg(self._answer(asked)), slow):
            told = {"problems": [TOO_MUCH], "number": asked.get("number")}
            self._send_msg(told | {"quiet": asked.get("quiet")})
