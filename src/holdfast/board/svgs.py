"""An SVG as a picture of its own address: in `<img>` nothing in it can run, and it cannot see the page."""

from __future__ import annotations

import re

from fastapi.responses import Response

EDGE = 20  # pixels around: a reader's letters may be wider than those that the chart was measured with
INK = {"light": "#1d2329", "dark": "#e6e9ec"}

FRAME = re.compile(r'width="(\d+)" height="(\d+)" viewBox="0 0 \1 \2"')


def wider(frame: re.Match[str]) -> str:
    """The same with an edge on the left and on the right."""
    width, height = int(frame[1]) + 2 * EDGE, int(frame[2])
    return f'width="{width}" height="{height}" viewBox="-{EDGE} 0 {width} {height}"'


def coloured(svg: str, theme: str) -> Response:
    """The picture with the words and axes of a colour scheme; a picture does not inherit the page's."""
    text = FRAME.sub(wider, svg, count=1).replace("currentColor", INK.get(theme, INK["light"]))
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(text, media_type="image/svg+xml", headers=headers)
