"""What goes with the commands."""

from __future__ import annotations

import configparser

from tests.support.programs import REPOSITORY


def test_the_firewall_profile_opens_the_default_ports() -> None:
    profile = configparser.ConfigParser()
    profile.read(REPOSITORY / "packaging" / "ufw" / "mosh")
    assert profile["mosh-py"]["ports"] == "60001:60999/udp"
