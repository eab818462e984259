"""An SVG as a picture of its own address: in `<img>` nothing in it can run, and it cannot see the page."""

from __future__ import annotations

from fastapi.responses import Response

INK = {"light": "#1d2329", "dark": "#e6e9ec"}


def coloured(svg: str, theme: str) -> Response:
    """The picture with the words and axes of a colour scheme; a picture does not inherit the page's."""
    text = svg.replace("currentColor", INK.get(theme, INK["light"]))
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(text, media_type="image/svg+xml", headers=headers)
