"""A private certificate authority, and clients with limits that a test can wait for."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from uploads.customergauge import ApiKey, Client, Exchange, Timeouts, create

KEY = "canary-key-4d1f7a"
PAIRS = (("NetPromoterScore", "7"), ("Comment", "canary comment"))

MakeClient = Callable[..., Client]


@pytest.fixture
def make_client() -> MakeClient:
    def make(url: str, *, connect: float = 5, read: float = 5, deadline: float = 10, **options: Any) -> Client:
        credentials = options.pop("credentials", None) or ApiKey(KEY)
        return Client(url, credentials, timeouts=Timeouts(connect, read, deadline), **options)

    return make


def post(client: Client, on_wire: Callable[[], object] = lambda: None) -> Exchange:
    """One POST that is expected to take one exchange."""
    (exchange,) = client.send(create(PAIRS), on_wire=on_wire)
    return exchange


class Authority:
    """Issues server certificates for a test; nothing outside the test trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem",
        )  # fmt: skip

    def issue(self, name: str, alternative: str, days: int = 1) -> tuple[Path, Path]:
        """(certificate, key) for `alternative`, e.g. IP:127.0.0.1; a negative number of days has expired."""
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        (self._folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )  # fmt: skip
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
