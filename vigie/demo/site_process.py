"""The demo site's process: `python -m vigie.demo.site_process`, a child of `vigie demo`."""

import argparse
import secrets

import uvicorn

from vigie.demo.break_it import ResettableProtocol
from vigie.demo.site import DemoSite, Surroundings


def server_config(site: DemoSite, *, host: str, port: int) -> uvicorn.Config:
    """Uvicorn's settings for the site: its own protocol, so that Break it can reset connections."""
    return uvicorn.Config(
        site.break_it,
        host=host,
        port=port,
        http=ResettableProtocol,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--collector", required=True, help="where browsers reach the collector")
    parser.add_argument("--console", required=True, help="where browsers reach the console")
    arguments = parser.parse_args()
    site = DemoSite(
        Surroundings(
            collector=arguments.collector,
            console=arguments.console,
            secret=secrets.token_hex(16),
        )
    )
    uvicorn.Server(server_config(site, host=arguments.host, port=arguments.port)).run()


if __name__ == "__main__":
    main()
