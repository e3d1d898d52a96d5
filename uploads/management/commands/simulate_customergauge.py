"""``manage.py simulate_customergauge``: the simulator in the foreground, for practice."""

import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.simulator import Simulator

FORMATS = {"json": ("json",), "xml": ("xml",), "both": ("json", "xml")}


class Command(BaseCommand):
    """Runs until SIGINT or SIGTERM, then exits with 0. Touches no database."""

    help = "Run a stand-in CustomerGauge server that can be told to misbehave. Its own page is at /."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address, and what the simulated account is like."""
        parser.add_argument("--port", type=int, default=8100, help="port to listen on, 0 for a free one (default 8100)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--api-key", help="the one API key to accept (default: any)")
        parser.add_argument("--latency", type=float, default=0.0, help="seconds each answer takes (default 0)")
        parser.add_argument("--format", choices=FORMATS, default="both", help="formats to answer in (default both)")
        parser.add_argument("--certfile", help="certificate chain (PEM), to speak https")
        parser.add_argument("--keyfile", help="private key (PEM) of the certificate, if it is in a file of its own")

    def handle(self, **options: Any) -> None:
        """Start, say where, and wait for a signal."""
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        try:
            simulator = Simulator(
                options["port"],
                options["api_key"],
                options["latency"],
                options["certfile"],
                options["keyfile"],
                host=options["host"],
                formats=FORMATS[options["format"]],
            ).start()
        except (OSError, OverflowError, ValueError) as error:
            raise CommandError(f"The simulator cannot start on {options['host']}:{options['port']}: {error}") from error
        try:
            self.stdout.write(f"CustomerGauge simulator at {simulator.url}")
            self.stdout.flush()
            stop.wait()
        finally:
            simulator.stop()
