"""Bodies sent compressed, inflated no further than a limit: a bomb stops there."""

import zlib

from rum.body import BodyProblem
from rum.records import Reason

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS  # what some senders mean by "deflate", against RFC 9110 (8.4.1.2)


def inflated(body: bytes, encoding: bytes, bytes_max: int) -> bytes | BodyProblem:
    """The body as it was before `encoding`, the request's Content-Encoding: gzip or deflate."""
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name not in (b"gzip", b"x-gzip", b"deflate"):
        detail = "the Content-Encoding is gzip or deflate, or there is none"
        return BodyProblem(415, Reason.UNSUPPORTED_ENCODING, detail)
    # A zlib header's first byte is 0x78 for the windows anybody uses; raw deflate has none.
    raw = name == b"deflate" and body[:1] != b"\x78"
    inflater = zlib.decompressobj(_RAW if raw else _GZIP_OR_ZLIB)
    try:
        plain = inflater.decompress(body, bytes_max + 1)
    except zlib.error as error:
        return _broken(str(error))
    if len(plain) > bytes_max:
        detail = f"a beacon is at most {bytes_max} bytes when inflated"
        return BodyProblem(413, Reason.BODY_TOO_LARGE, detail)
    if not inflater.eof or inflater.unused_data:
        return _broken("it ends too soon" if not inflater.eof else "something follows its end")
    return plain


def _broken(why: str) -> BodyProblem:
    return BodyProblem(400, Reason.MALFORMED, f"the body cannot be inflated: {why}")
