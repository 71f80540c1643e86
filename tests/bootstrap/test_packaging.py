"""What goes with the commands: the manual page and the shells' completions know every option."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess

import pytest
from tests.support.programs import REPOSITORY

from mosh_bootstrap.options import HELP
from mosh_common.prediction_display import SPELLINGS

pytestmark = pytest.mark.system

COMPLETIONS = REPOSITORY / "packaging" / "completions"
LONG_OPTIONS = sorted(set(re.findall(r"--([a-z][a-z-]+)", HELP)) - {"--"})


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize("option", LONG_OPTIONS)
def test_every_option_is_in_the_manual_and_in_each_completion(option: str) -> None:
    manual = (REPOSITORY / "man" / "mosh.1").read_text().replace("\\-", "-")
    assert f"--{option}" in manual
    assert f"--{option}" in (COMPLETIONS / "mosh.bash").read_text()
    assert f"--{option}" in (COMPLETIONS / "_mosh").read_text()
    assert f" -l {option} " in (COMPLETIONS / "mosh.fish").read_text()


@needs("groff")
def test_the_manual_page_is_sound() -> None:
    words = ["groff", "-man", "-ww", "-z", str(REPOSITORY / "man" / "mosh.1")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def bash_completes(*words: str) -> list[str]:
    """What bash offers for the last of `words`, split as readline splits them."""
    script = (
        f'source "{COMPLETIONS}/mosh.bash"; compopt() {{ :; }}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mosh;'
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@needs("bash")
def test_bash_completes_options_and_their_values() -> None:
    assert bash_completes("mosh", "--pr") == ["--predict=", "--predict-overwrite"]
    assert bash_completes("mosh", "--predict", "=") == list(SPELLINGS)
    assert bash_completes("mosh", "--predict", "=", "al") == ["always"]
    assert bash_completes("mosh", "-p", "6") == []


@needs("bash")
def test_bash_completes_hosts_that_ssh_knows(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".ssh").mkdir()
    (home / ".ssh" / "config").write_text("Host alpha alpine *.example\n  User me\nhost beta\n")
    (home / ".ssh" / "known_hosts").write_text("[albatross]:2222,192.0.2.1 ssh-ed25519 AAAA\n|1|hashed ssh-rsa AAAA\n")
    monkeypatch.setenv("HOME", str(home))
    assert bash_completes("mosh", "al") == ["albatross", "alpha", "alpine"]
    assert bash_completes("mosh", "me@be") == ["me@beta"]


@needs("fish")
def test_fish_completes_options_and_their_values() -> None:
    def offered(line: str) -> list[str]:
        script = f'source {COMPLETIONS}/mosh.fish; complete -C "{line}"'
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True)
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    assert offered("mosh --predict=al") == ["--predict=always"]
    assert any(option.startswith("--experimental-remote-ip") for option in offered("mosh --exp"))


@needs("zsh")
def test_zsh_can_read_its_completion() -> None:
    done = subprocess.run(["zsh", "-n", str(COMPLETIONS / "_mosh")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_firewall_profile_opens_the_default_ports() -> None:
    profile = configparser.ConfigParser()
    profile.read(REPOSITORY / "packaging" / "ufw" / "mosh")
    assert profile["mosh-py"]["ports"] == "60001:60999/udp"
