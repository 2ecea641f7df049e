"""A site as the collector knows it: its key, who may send for it, its levels and page templates."""

from msgspec import Struct


class Site(Struct, frozen=True, kw_only=True):
    """`origins` are scheme://host[:port], or scheme://*.host[:port] for every subdomain of a host,
    or `*`; none at all lets anybody send. `pages` are templates such as "/user/?/edit".
    """

    id: str
    key: str
    origins: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
