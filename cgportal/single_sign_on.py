"""Single sign-on as the environment describes it: who the provider is, and which of its groups has which role here."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from . import environment

ROLES = ("agent", "manager", "admin")


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """An OpenID provider.

    name: what people call it. issuer: its address, under which its discovery document lies. origin: scheme and host of
    its sign-in page. roles: its groups, each with the roles here. local: who may sign in here all the same.
    """

    name: str
    issuer: str
    origin: str
    client_id: str
    client_secret: str
    roles: Mapping[str, frozenset[str]]
    groups_claim: str
    scopes: tuple[str, ...]
    local: str

    def roles_of(self, groups: list[str]) -> frozenset[str]:
        """The roles of somebody who is in these groups."""
        return frozenset().union(*(self.roles.get(group, frozenset()) for group in groups))


def read() -> SingleSignOn | None:
    """The provider, or None if OIDC_ISSUER is not set.

    Raises ImproperlyConfigured with a sentence that names the variable.
    """
    issuer = environment.service_url("OIDC_ISSUER", path_allowed=True)
    if not issuer:
        return None
    origin = environment.service_url("OIDC_SIGN_IN_ORIGIN") or "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
    return SingleSignOn(
        name=environment.text("OIDC_NAME", "your company's sign-in"),
        issuer=issuer,
        origin=origin,
        client_id=_needed("OIDC_CLIENT_ID"),
        client_secret=_needed("OIDC_CLIENT_SECRET"),
        roles=_roles("OIDC_ROLES"),
        groups_claim=environment.text("OIDC_GROUPS_CLAIM", "groups"),
        scopes=tuple(environment.text("OIDC_SCOPES", "openid profile email").split()),
        local=environment.one_of("OIDC_LOCAL_SIGN_IN", ("superusers", "everyone")),
    )


def _needed(name: str) -> str:
    if value := environment.header_value(name):
        return value
    raise ImproperlyConfigured(f"{name} is not set, and OIDC_ISSUER is: the provider gives both when you register.")


def _roles(name: str) -> Mapping[str, frozenset[str]]:
    """`agent=Callers, manager=Team leads, manager=Directors`: a role, and a group at the provider that has it."""
    found: dict[str, frozenset[str]] = {}
    for pair in environment.names(name, ""):
        role, _, group = (part.strip() for part in pair.partition("="))
        if role not in ROLES or not group:
            raise ImproperlyConfigured(f"{name} holds “{pair}”: write a role and its group, such as agent=Callers.")
        found[group] = found.get(group, frozenset()) | {role}
    if not found:
        raise ImproperlyConfigured(f"{name} is not set: nobody would have a role. Write for example agent=Callers.")
    return found
