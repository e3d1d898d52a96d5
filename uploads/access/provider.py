"""The company's own sign-in over OpenID Connect: what the library leaves out.

PKCE, state, the exchange of the code and the sessions are the library's. Here each id token is verified by its
signature, issuer, audience, time and nonce (OpenID Connect Core 1.0, section 3.1.3.7), and the details of the person
that it lacks are taken only from a userinfo answer about the same subject (5.3.2).
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from requests.exceptions import RequestException

from cgportal.single_sign_on import SingleSignOn

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY = 60  # seconds that two clocks may differ
PATIENCE = 5.0  # seconds for each answer of the provider
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Claims = dict[str, Any]


class Refused(OAuth2Error):  # type: ignore[misc]  # allauth has no types
    """An answer of the provider is not what it must be: the text says why, quotes nothing of it, and may be logged."""


def company() -> SingleSignOn:
    """The provider of the settings. Raises Http404 if there is none."""
    if settings.SSO is None:
        raise Http404
    return settings.SSO


def registration() -> SocialApp:
    """This portal as the provider knows it. Raises Http404 without single sign-on.

    The id follows from the issuer: what one provider calls 17 is nobody at another.
    """
    sso = company()
    return SocialApp(
        provider="openid_connect",
        provider_id=f"oidc-{hashlib.sha256(sso.issuer.encode()).hexdigest()[:16]}",
        name=sso.name,
        client_id=sso.client_id,
        secret=sso.client_secret,
        settings={"server_url": sso.issuer, "scope": list(sso.scopes), "oauth_pkce_enabled": True},
    )


def _get(url: str, **headers: str) -> Claims:
    """A JSON object. Raises Refused or RequestException."""
    answer = requests.get(url, headers=headers, timeout=PATIENCE, allow_redirects=False)
    answer.raise_for_status()
    found = answer.json() if answer.status_code == 200 else None
    if not isinstance(found, dict):
        raise Refused("an answer is no JSON object")
    return found


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """The talk with the provider behind the browser's back."""

    nonce = ""

    def get_provider(self) -> "CompanySignIn":
        return CompanySignIn(self.request, app=registration())

    @property
    def openid_config(self) -> Claims:
        """The provider's discovery document, once per request.

        Raises Refused if it is another's, or names a sign-in page that the content security policy does not allow.
        """
        if not hasattr(self, "_discovered"):
            found = _get(self.get_provider().server_url)
            if str(found.get("issuer", "")).rstrip("/") != company().issuer:
                raise Refused("the discovery document names another issuer than OIDC_ISSUER")
            for name in ENDPOINTS:
                if urlsplit(str(found.get(name, ""))).scheme != urlsplit(company().issuer).scheme:
                    raise Refused(f"the discovery document has no usable {name}")
            if "{0.scheme}://{0.netloc}".format(urlsplit(found["authorization_endpoint"])) != company().origin:
                raise Refused("the sign-in page has another origin than the issuer: set OIDC_SIGN_IN_ORIGIN")
            self._discovered = found
        return self._discovered

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return str(request.build_absolute_uri(reverse("sso_callback")))

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> Claims:
        self.nonce = nonce_of(pkce_code_verifier or "")
        found: Claims = super().get_access_token_data(request, app, client, pkce_code_verifier=pkce_code_verifier)
        return found

    def parse_token(self, data: Claims) -> SocialToken:
        return SocialToken(token=str(data["access_token"]))  # for userinfo only, and never stored

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> Any:
        claims = self.verified(str(kwargs["response"].get("id_token", "")))
        where = self.openid_config.get("userinfo_endpoint")
        if company().groups_claim not in claims and where:
            more = _get(str(where), Authorization=f"Bearer {token.token}")
            if more.get("sub") != claims["sub"]:
                raise Refused("userinfo is about somebody else")
            claims = more | claims
        return self.get_provider().sociallogin_from_response(request, claims)

    def verified(self, id_token: str) -> Claims:
        """The claims of an id token that is meant for us, now, and for this very sign-in. Raises Refused."""
        try:
            header = jwt.get_unverified_header(id_token)
            keys = jwt.PyJWKSet.from_dict(_get(self.openid_config["jwks_uri"])).keys
            (key,) = [key for key in keys if key.key_id == header.get("kid")]
            claims: Claims = jwt.decode(
                id_token,
                key,
                algorithms=[name for name in ALGORITHMS if name == header["alg"]],
                issuer=self.openid_config["issuer"],
                audience=company().client_id,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
            raise Refused(f"the id token is not valid ({type(error).__name__})") from error
        if claims["nonce"] != self.nonce or claims.get("azp", company().client_id) != company().client_id:
            raise Refused("the id token belongs to another sign-in")
        if not (isinstance(claims["sub"], str) and 0 < len(claims["sub"]) <= 191 and claims["sub"].isprintable()):
            raise Refused("the id token names nobody")
        return claims


def nonce_of(verifier: str) -> str:
    """The nonce of a sign-in, which follows from the secret of PKCE that lies in the session."""
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


class CompanySignIn(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider as the library sees it."""

    oauth2_adapter_class = Exchange

    def get_pkce_params(self) -> Claims:
        found: Claims = super().get_pkce_params()
        return found | {"nonce": nonce_of(found["code_verifier"])}

    def get_oauth2_adapter(self, request: HttpRequest) -> Exchange:
        return Exchange(request, self.app.provider_id)

    def extract_uid(self, data: Claims) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: Claims) -> Claims:
        return {}  # nothing is kept of a person but what the account shows

    def extract_common_fields(self, data: Claims) -> Claims:
        names = {"username": "preferred_username", "email": "email", "name": "name"}
        names |= {"first_name": "given_name", "last_name": "family_name"}
        return {field: _text(data.get(claim)) for field, claim in names.items()}

    def sociallogin_from_response(self, request: HttpRequest, response: Claims) -> Any:
        login = super().sociallogin_from_response(request, response)
        login.email_addresses = []  # by them the library would look for accounts; here only the subject counts
        said = response.get(company().groups_claim)
        groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        login.roles = company().roles_of([group for group in groups if isinstance(group, str)])
        return login


def _text(value: Any) -> str:
    return "".join(filter(str.isprintable, value))[:150] if isinstance(value, str) else ""


#: What can go wrong in a talk with the provider.
TROUBLES = (OAuth2Error, RequestException)
