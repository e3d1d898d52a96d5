"""A small OpenID provider on this machine: discovery, sign-in, tokens, keys and userinfo over real HTTP.

It is strict where the standard is (client, redirect address, PKCE, codes that work once), and can be told to err.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "cgportal", "a-secret-of-the-client"
Claims = dict[str, Any]


class Provider:
    """`person` is whoever sits at its sign-in page; `bend` may change the claims of each id token."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person: Claims = {}
        self.userinfo: Claims = {}
        self.reset()
        self._codes: dict[str, Claims] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.bend: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = self.signed
        self.discovery: Claims = {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def signed(self, claims: Claims, key: Any = None, kid: str = "one") -> str:
        return jwt.encode(claims, key or self.key, "RS256", headers={"kid": kid})

    # -- its pages ------------------------------------------------------------------------------------------

    def _discover(self, _asked: dict[str, str]) -> tuple[int, Claims]:
        pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        found = {"issuer": self.url} | {name: f"{self.url}/{page}" for name, page in pages.items()}
        return 200, found | {"userinfo_endpoint": f"{self.url}/userinfo"} | self.discovery

    def _authorize(self, asked: dict[str, str]) -> tuple[int, str]:
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert (asked["code_challenge_method"], "openid" in asked["scope"].split()) == ("S256", True)
        code = secrets.token_urlsafe()
        self._codes[code] = asked | {"person": self.person}
        return 302, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _token(self, asked: dict[str, str]) -> tuple[int, Claims]:
        begun = self._codes.pop(asked["code"], None)
        if begun is None or (asked["client_id"], asked["client_secret"]) != (CLIENT, SECRET):
            return 400, {"error": "invalid_grant"}
        proof = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).decode().rstrip("=")
        if (proof, asked["redirect_uri"]) != (begun["code_challenge"], begun["redirect_uri"]):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"]}
        id_token = self.sign(self.bend(claims | begun["person"]))
        return 200, {"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def _keys(self, _asked: dict[str, str]) -> tuple[int, Claims]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return 200, {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]}

    def _userinfo(self, _asked: dict[str, str]) -> tuple[int, Claims]:
        return 200, self.userinfo

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages: dict[str, Callable[[dict[str, str]], tuple[int, Any]]] = {
            "/.well-known/openid-configuration": self._discover,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/userinfo": self._userinfo,
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def answer(self, sent: str) -> None:
                asked = {name: values[0] for name, values in parse_qs(sent).items()}
                status, said = pages[urlsplit(self.path).path](asked)
                body = b"" if status == 302 else json.dumps(said).encode()
                self.send_response(status)
                self.send_header(*(("Location", said) if status == 302 else ("Content-Type", "application/json")))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        return Handler
