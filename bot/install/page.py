"""The local pages of `nightshift setup`: one form, and a few words when something is off."""

import json
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from aiohttp import web

_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:44em;margin:3em auto;padding:0 1em;color:#222}"
    "button{font:inherit;padding:.5em 1.2em;background:#0e8a16;color:#fff;border:0;"
    "border-radius:.4em;cursor:pointer}"
    "td,th{padding:.2em 1em .2em 0;text-align:left}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}"
)


def form(action: str, state: str, manifest: Mapping[str, object], table: str) -> web.Response:
    """Show what the App may do, and the button that brings its manifest to GitHub."""
    value = escape(json.dumps(manifest))
    place = action.partition("?")[0]
    body = (
        f"<p>The App <b>{escape(str(manifest['name']))}</b> will be made at "
        f"{escape(place)}. GitHub shows the same list once more.</p>{table}"
        f"<form method='post' action='{escape(action)}?{urlencode({'state': state})}'>"
        f"<input type='hidden' name='manifest' value='{value}'>"
        "<p><button>Go to GitHub</button></p></form>"
    )
    return page("Nightshift: make its GitHub App", body)


def page(title: str, body: str, *, status: int = 200) -> web.Response:
    """Return a page that loads and runs nothing, and that no browser keeps."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    return web.Response(
        text=f"<!doctype html>{head}<h1>{escape(title)}</h1>{body}",
        status=status,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )
