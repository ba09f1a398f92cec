"""The moto server as a process: every AWS service that the sandbox has, on one loopback port.

Run as `python -m sandbox.moto_server PORT_FILE`: takes a free port, writes it to PORT_FILE once it accepts
connections, and serves until it is ended.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path


def main(port_file: Path) -> None:
    """Serve every service by one thread a connection."""
    from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415  a second to import
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    partial = port_file.with_suffix(".partial")
    partial.write_text(f"{server.server_port}\n", encoding="utf-8")
    partial.replace(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
