from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def browser(admin: User, signed_in: Callable[[User], Client]) -> Client:
    """An administrator's browser."""
    return signed_in(admin)
