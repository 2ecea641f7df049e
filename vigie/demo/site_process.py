"""The demo site's process: `python -m vigie.demo.site_process`, a child of `vigie demo`."""

import argparse
import secrets

import uvicorn

from vigie.demo.break_it import ResettableProtocol
from vigie.demo.site import DemoSite, Surroundings
from vigie.process import inherit_or_listen, run_process, serve_app

STOP_LIMIT_S = 2


def server_config(site: DemoSite) -> uvicorn.Config:
    """How uvicorn is to run the site: by a protocol that lets Break it reset connections."""
    return uvicorn.Config(
        site.break_it,
        loop="none",
        http=ResettableProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=STOP_LIMIT_S,
    )


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--listen-on", type=int, help="an inherited listening socket instead")
    parser.add_argument("--collector", required=True, help="where browsers reach the collector")
    parser.add_argument("--console", required=True, help="where browsers reach the console")
    parser.add_argument("--supervised", action="store_true", help="end when standard input does")
    arguments = parser.parse_args()
    site = DemoSite(
        Surroundings(
            collector=arguments.collector,
            console=arguments.console,
            secret=secrets.token_hex(16),
        )
    )
    listening = inherit_or_listen(arguments.listen_on, arguments.host, arguments.port)
    run_process(
        lambda stop: serve_app(server_config(site), listening, stop),
        supervised=arguments.supervised,
        log_json=False,
    )


if __name__ == "__main__":
    main()
