"""The content type of a file by its names from the served folder down."""

from __future__ import annotations

import mimetypes
import re
from typing import Callable

from .file_path import WELL_KNOWN

# Python's own table, without what the computer's administrator added to it.
_TYPES = mimetypes.MimeTypes(filenames=())

# What some of its versions lack, or have from before it was registered.
_FURTHER = {
    "apk": "application/vnd.android.package-archive",
    "apng": "image/apng",
    "atom": "application/atom+xml",
    "avif": "image/avif",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gpx": "application/gpx+xml",
    "gz": "application/gzip",
    "ics": "text/calendar",
    "js": "text/javascript",
    "jsonld": "application/ld+json",
    "jxl": "image/jxl",
    "kml": "application/vnd.google-earth.kml+xml",
    "log": "text/plain",
    "m4a": "audio/mp4",
    "m4v": "video/x-m4v",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mkv": "video/x-matroska",
    "mpd": "application/dash+xml",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rss": "application/rss+xml",
    "ts": "video/mp2t",
    "ttf": "font/ttf",
    "usdz": "model/vnd.usdz+zip",
    "vcf": "text/vcard",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "wgsl": "text/wgsl",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "yaml": "text/yaml",
    "yml": "text/yaml",
}

_JSON = "application/json"

# Documents without an ending, by their place in `.well-known` (IANA's registry of such names).
_WELL_KNOWN = {
    "api-catalog": "application/linkset+json",
    "apple-app-site-association": _JSON,
    "atproto-did": "text/plain",
    "change-password": "text/html",
    "core": "application/link-format",
    "fedcm": _JSON,
    "host-meta": "application/xrd+xml",
    "http-opportunistic": _JSON,
    "matrix/client": _JSON,
    "matrix/server": _JSON,
    "matrix/support": _JSON,
    "nodeinfo": _JSON,
    "oauth-authorization-server": _JSON,
    "oauth-protected-resource": _JSON,
    "openid-configuration": _JSON,
    "openpgpkey/policy": "text/plain",
    "passkey-endpoints": _JSON,
    "traffic-advice": "application/trafficadvice+json",
    "uma2-configuration": _JSON,
    "web-identity": _JSON,
    "webauthn": _JSON,
    "webfinger": "application/jrd+json",
}

# Where a document says its encoding, which a `charset` of ours would overrule (HTML 13.2.3.2).
_SAYS_ENCODING = {
    "text/html": re.compile(rb"<meta\s[^>]*charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE),
    "text/css": re.compile(rb'^@charset "([^"]+)";'),
}

ENCODING_BYTES = 1024  # at a document's beginning, in which browsers look for its encoding


def content_type(names: tuple[str, ...], beginning: Callable[[], bytes]) -> str:
    """Return the type; text is UTF-8 unless it says not, what is not known is only downloaded.

    `beginning` tells the file's first ENCODING_BYTES.
    """
    kind = _by_place(names) or _by_ending(names[-1]) or "application/octet-stream"
    if not kind.startswith("text/"):
        return kind
    says = _SAYS_ENCODING.get(kind)
    said = says.search(beginning()) if says is not None else None
    is_utf8 = said is None or said[1].lower() in (b"utf-8", b"utf8")
    return f"{kind}; charset=utf-8" if is_utf8 else kind


def _by_place(names: tuple[str, ...]) -> str | None:
    if names == ("apple-app-site-association",):  # Apple looks at the top of a site too
        return _JSON
    return _WELL_KNOWN.get("/".join(names[1:])) if names[0] == WELL_KNOWN else None


def _by_ending(name: str) -> str | None:
    _, dot, ending = name.lower().rpartition(".")
    if not dot:
        return None
    return _FURTHER.get(ending) or _TYPES.types_map[1].get(f".{ending}")
