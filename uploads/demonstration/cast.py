"""The people of the demonstration, one or two of each role."""

from django.contrib.auth.models import Group, User

PEOPLE = [
    ("agent", "agent", "Anna", "de Vries"),
    ("agent2", "agent", "Bram", "Jansen"),
    ("manager", "manager", "Mia", "Hoffmann"),
    ("admin", "admin", "Ada", "Okafor"),
]


class AlreadyInUse(RuntimeError):
    """The portal has real users: a demonstration with known passwords must not open it."""


def make_people(password: str) -> list[User]:
    """The demonstration's users, made or found; raises AlreadyInUse if anybody else has an account."""
    names = [name for name, *_ in PEOPLE]
    if others := User.objects.exclude(username__in=names).count():
        raise AlreadyInUse(f"This portal has {others} user(s) of its own; demo accounts are only for an empty one.")
    return [_person(*person, password=password) for person in PEOPLE]


def _person(name: str, role: str, first_name: str, last_name: str, *, password: str) -> User:
    user, made = User.objects.get_or_create(username=name, defaults={"first_name": first_name, "last_name": last_name})
    if made:
        user.set_password(password)
        user.save()
        user.groups.set([Group.objects.get(name=role)])
    return user
