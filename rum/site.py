"""A site as the collector knows it: its key, who may send for it, its levels and page templates."""

from msgspec import Struct


class Site(Struct, frozen=True, kw_only=True):
    """`origins` are scheme://host[:port], or scheme://*.host[:port] for every subdomain of a host,
    or `*`; none at all lets anybody send. `pages` are templates such as "/user/?/edit".
    Recordings are taken of the share `replay_rate` of sessions, and, from an error on, of the share
    `replay_error_rate`; 0 and 0: of none. The other two are limits of one session's recording.
    """

    id: str
    key: str
    origins: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    replay_rate: float = 0.0
    replay_error_rate: float = 0.0
    replay_chunks_max: int = 500
    replay_bytes_max: int = 10_000_000
    query_params_kept: tuple[str, ...] = ()
    """The query parameters that may stay in pages; none named: those that the tag names."""
    event_tokens_sha256: tuple[str, ...] = ()
    """Of the tokens with which servers may post events for the site, in hex."""
