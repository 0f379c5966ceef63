"""The scripts a page loads, packed once and kept: no request leaves the machine for any of them."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import sys
from pathlib import Path
from threading import Lock, Thread, get_native_id
from typing import Any

import bokeh
import panel
import plotly
from bokeh.embed.bundle import extension_dirs
from tornado.web import RequestHandler

HERE = Path(__file__).parent / "static"
# Bokeh's server gives every folder named here to browsers, under pn.serve and panel serve alike.
extension_dirs["qi_equity"] = HERE
extension_dirs["plotly_js"] = Path(plotly.__file__).parent / "package_data"

_BOKEH = Path(bokeh.__file__).parent / "server" / "static" / "js"
_OURS = "static/extensions/qi_equity"
# Packing them anew for every visitor would take a third of a second each time.
PACKED = {
    **{f"{_OURS}/{path.name}": path for path in HERE.glob("*.js")},
    "static/extensions/plotly_js/plotly.min.js": extension_dirs["plotly_js"] / "plotly.min.js",
    "static/extensions/panel/panel.min.js": Path(panel.__file__).parent / "dist/panel.min.js",
    **{
        f"static/js/{name}": _BOKEH / name
        for name in ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")
    },
}


GENTLE = 10  # how much packing ahead gives way to pages

_packed: dict[tuple[str, int], bytes] = {}
_packing = Lock()
REMARK = re.compile(rb"^\s*//.*\n", re.MULTILINE)


def packed(name: str) -> bytes:
    """A script as it is sent; who asks while it is being packed waits for that."""
    version = name, PACKED[name].stat().st_mtime_ns
    with _packing:
        if version not in _packed:
            _packed[version] = gzip.compress(script(name), compresslevel=6, mtime=0)
        return _packed[version]


def script(name: str) -> bytes:
    """A script as a browser needs it: the remarks in ours are for who reads the source.

    >>> b"// What the browser does" in script("static/extensions/qi_equity/app.js")
    False
    """
    text = PACKED[name].read_bytes()
    return REMARK.sub(b"", text) if PACKED[name].parent == HERE else text


def pack_ahead() -> None:
    """Pack every script beside the pages that are answered meanwhile: it takes most of a second."""
    Thread(target=_pack_all, name="packing", daemon=True).start()


def _pack_all() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, get_native_id(), GENTLE)
    for name in PACKED:
        packed(name)


class Packed(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """Gives a packed script; its address carries its version, so it is kept for good."""

    async def get(self, name: str) -> None:
        """Answer with the script, packed for all who can unpack it (every browser can)."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            loop = asyncio.get_running_loop()
            await self.finish(await loop.run_in_executor(None, packed, name))
        else:
            await self.finish(script(name))

    head = get  # a page that lost its connection asks so whether the server is back


def routes() -> list[tuple[Any, ...]]:
    """The addresses of the packed scripts, for the server's extra patterns."""
    return [(f"/({name})", Packed) for name in PACKED]


def versions() -> dict[str, str]:
    """The addresses of the scripts a page names itself."""
    return {
        "plotly": f"static/extensions/plotly_js/plotly.min.js?v={plotly.__version__}",
        "sketch_script": _own("sketch.js"),
        "script": _own("app.js"),
        "log_script": _own("log.js"),
        "kept_script": _own("kept.js"),
        "files_script": _own("files.js"),
        "written_script": _own("written.js"),
    }


def _own(name: str) -> str:
    return f"{_OURS}/{name}?v={int((HERE / name).stat().st_mtime):x}"
