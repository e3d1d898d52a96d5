"""The control page as a person uses it: press a behaviour, and the next call gets it."""

import http.client

import pytest
from playwright.sync_api import Page, expect

from uploads.simulator import Simulator

pytestmark = pytest.mark.browser


def test_a_button_makes_the_simulator_misbehave_and_well_again(page: Page) -> None:
    with Simulator(port=0) as simulator:
        page.goto(simulator.url)
        page.locator("details").evaluate_all("groups => groups.forEach(group => group.open = true)")
        page.locator("button[value='500']").click()
        expect(page.locator("body")).to_contain_text("Behave well")
        assert [choice.behaviour.name for choice in simulator.choices] == ["500"]
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=20)
        connection.request("GET", "/v4.1/reasons.json", headers={"Authorization": "api_key K"})
        assert connection.getresponse().status == 500
        connection.close()
        page.get_by_role("button", name="Behave well").first.click()
        expect(page.locator("body")).to_contain_text("Behaving well")
        assert simulator.choices == []
