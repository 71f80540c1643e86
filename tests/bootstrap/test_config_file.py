"""The user's own file of choices: read as ssh reads its own, and what `mosh -G` prints can be read back."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mosh_bootstrap.config_file import KEYWORDS, LONGEST_OCTETS, as_file, read_settings, settings_for
from mosh_bootstrap.options import ACTIONS, Options, options_of, parse_options, read_line
from mosh_common.errors import UsageError


def settings(text: str, host: str = "host") -> dict[str, str | bool]:
    found, unknown = read_settings(text, host, "FILE")
    assert unknown == []
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Predict always", {"predict": "always"}),
        ("predict=always", {"predict": "always"}),
        ("  PREDICT \t=  ALWAYS  # fast", {"predict": "always"}),
        ('predict "always"\r', {"predict": "always"}),
        ("predict=\talways#no", None),
        ("PredictOverwrite yes", {"predict_overwrite": True}),
        ("predict-overwrite no", {"predict_overwrite": False}),
        ("no-predict-overwrite yes", {"predict_overwrite": False}),
        ("NoInit true", {"init": False}),
        ("init no", {"init": False}),
        ("KeepLastScreen no", {"keep_last_screen": "no"}),
        ("keep-last-screen auto", {"keep_last_screen": "auto"}),
        ("no-keep-last-screen no", {"keep_last_screen": "yes"}),
        ("Port +60000:60010", {"port": "60000:60010"}),
        ("BindServer ANY", {"bind_server": "any"}),
        ("StandIn ssh", {"stand_in": "ssh"}),
        ("Ssh ssh -p 2222 # not a comment", {"ssh": "ssh -p 2222 # not a comment"}),
        ('Server "env A=1 mosh-server"', {"server": "env A=1 mosh-server"}),
        ('Server "a" "b"', {"server": '"a" "b"'}),
        ("server = x=y", {"server": "x=y"}),
        ("Client /opt/a dir/client", {"client": "/opt/a dir/client"}),
        ("# predict always", {}),
        ("", {}),
        ("  \t", {}),
    ],
)
def test_a_line_is_understood(line: str, expected: dict[str, str | bool] | None) -> None:
    if expected is None:
        with pytest.raises(UsageError):
            settings(line)
    else:
        assert settings(line) == expected


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("predict sometimes", "--predict must be one of"),
        ("predict", "the value is missing"),
        ("predict =", "the value is missing"),
        ("predict always never", "one value is wanted, not 2"),
        ('predict "always', "a quote is open"),
        ("port x", "must be PORT"),
        ("port 70000", "at most 65535"),
        ("bind-server here", "numeric IP"),
        ("init maybe", "yes or no is wanted, not 'maybe'"),
        ("init auto", "yes or no"),
        ("ssh", "the value is missing"),
        ('ssh " "', "--ssh needs a command"),
        ("Host", "the value is missing"),
        ('Host "open', "a quote is open"),
        ("Match all", "Match is not known here"),
        ("stand-in maybe", "--stand-in must be one of"),
    ],
)
def test_a_line_that_makes_no_sense_is_told_with_its_number_for_whichever_host(line: str, complaint: str) -> None:
    for before in ("\n", "Host elsewhere\n"):
        with pytest.raises(UsageError, match=f"^FILE, line 2: .*{complaint}"):
            read_settings(f"{before}{line}\n", "host", "FILE")


def test_an_unknown_keyword_is_told_and_passed_over() -> None:
    found, unknown = read_settings("Prediction x\nHost other\nForward y\nHost *\nport 1\n--help yes\n", "h", "FILE")
    assert found == {"port": "1"}
    assert unknown == [
        f"FILE, line {number}: no option is called '{name}'; mosh(1) lists them."
        for number, name in ((1, "Prediction"), (3, "Forward"), (6, "--help"))
    ]


@pytest.mark.parametrize("name", ["help", "version", "as-ssh", "fake-proxy", "hand-over", "verbose"])
def test_what_says_what_to_do_now_is_no_setting(name: str) -> None:
    assert read_settings(f"{name} yes\n", "h", "FILE")[0] == {}


def test_a_new_option_is_called_a_setting_here_or_an_action_there() -> None:
    settings_of_a_file = {
        *("client", "server", "ssh", "ssh_pty", "port", "bind_server", "family", "experimental_remote_ip", "local"),
        *("predict", "predict_overwrite", "init", "keep_last_screen", "stand_in", "fallback"),
    }
    assert {field for field, _ in KEYWORDS.values()} == settings_of_a_file, "else it belongs to options.ACTIONS"
    assert set(ACTIONS) <= set(Options._fields)


@pytest.mark.parametrize(
    ("patterns", "host", "applies"),
    [
        ("host", "host", True),
        ("host", "me@host", True),
        ("host", "ssh://me@host:22", True),
        ("::1", "ssh://[::1]:22", True),
        ("::1", "me@::1", True),
        ("HOST", "host", False),
        ("host", "hosts", False),
        ("other host", "host", True),
        ("h?st", "host", True),
        ("h?ost", "host", False),
        ("*", "host", True),
        ("h*", "host", True),
        ("*.example", "a.b.example", True),
        ("*.example", "example", False),
        ("* !host", "host", False),
        ("!host *", "host", False),
        ("!other *", "host", True),
        ("!other", "host", False),
        ('"host"', "host", True),
        ("x # host", "host", False),
        ("a*b*c", "axxbyyc", True),
        ("h[o]st", "host", False),
        ("host*", "host", True),
        ("", "host", None),
    ],
)
def test_a_host_line_is_for_who_fits_its_patterns(patterns: str, host: str, applies: bool | None) -> None:
    if applies is not None:
        assert bool(settings(f"Host {patterns}\nport 1\n", host)) == applies


def test_the_first_value_wins_and_lines_before_any_host_are_for_all() -> None:
    text = "init no\nHost a\nport 1\nHost b\nport 2\nHost *\nport 3\ninit yes\n"
    assert settings(text, "a") == {"init": False, "port": "1"}
    assert settings(text, "b") == {"init": False, "port": "2"}
    assert settings(text, "c") == {"init": False, "port": "3"}


def test_line_beats_environment_beats_file_beats_default() -> None:
    file: dict[str, str | bool] = {
        "predict": "never",
        "init": True,
        "keep_last_screen": "no",
        "predict_overwrite": True,
    }
    environ = {"MOSH_PREDICTION_DISPLAY": "always", "MOSH_NO_TERM_INIT": "", "MOSH_PREDICTION_OVERWRITE": "no"}
    options = options_of(read_line(["host"]), environ, file)
    assert (options.predict, options.init, options.keep_last_screen) == ("always", False, "no")
    assert not options.predict_overwrite
    options = options_of(read_line(["host", "--predict=experimental", "-o", "--init"]), environ, file)
    assert (options.predict, options.predict_overwrite, options.init) == ("experimental", True, True)
    assert options_of(read_line(["host"]), {}, file).predict == "never"
    assert options_of(read_line(["host"]), {}, {}) == Options(host="host")


VALUES = st.text(alphabet=st.characters(exclude_characters="\0"), min_size=1).filter(str.strip)


@given(
    st.sampled_from(["--ssh", "--server", "--client"]),
    VALUES,
    st.sampled_from([[], ["-n"], ["-o", "--no-init"], ["--keep-last-screen", "-6"], ["-p1:2", "--stand-in=mosh"]]),
)
@example("--ssh", "=", [])
@example("--server", "=0 #", [])
@example("--client", "\x85\r=\ud800", [])
def test_what_is_printed_is_read_back(name: str, value: str, more: list[str]) -> None:
    options = parse_options(["host.example", f"{name}={value}", *more], {})
    if "\n" in value or value != value.strip() or (len(value) > 1 and value[0] == value[-1] == '"'):
        with suppress(UsageError):
            as_file(options)
        return
    text = as_file(options)
    assert text.startswith("Host host.example\n")
    found, unknown = read_settings(text, "me@host.example", "FILE")
    assert unknown == []
    assert options_of(read_line(["host.example"]), {}, found) == options


@given(st.text(alphabet='Hostpredict *?!="#\n yesno-\t\r\x0b\x85\ud800', max_size=60))
def test_any_text_is_understood_or_refused_with_a_line_s_number(text: str) -> None:
    refusal = "FILE, line 0: "
    try:
        read_settings(text, "host", "FILE")
    except UsageError as refused:
        refusal = str(refused)
    assert re.match("FILE, line [0-9]+: ", refusal)


def test_a_value_that_no_line_can_have_is_refused() -> None:
    for value in ("a\nb", " a", "a ", '"a"'):
        with pytest.raises(UsageError, match=r"^A file cannot have --server="):
            as_file(parse_options(["host", f"--server={value}"], {}))


def test_patterns_cost_no_more_than_their_length() -> None:
    assert not settings(f"Host {'*a' * 5000}b\nport 1\n", "a" * 200)


# --- the file itself


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text("port 1\n")
    path.chmod(0o600)
    return path


def test_a_file_of_one_s_own_is_read(file: Path) -> None:
    for mode in (0o600, 0o644, 0o444):
        file.chmod(mode)
        assert settings_for("host", str(file)) == ({"port": "1"}, [])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_of_others_is_refused(mode: int, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(mode)
    with pytest.raises(UsageError, match=f"^Others may write {file}"):
        settings_for("host", str(file))
    file.chmod(0o600)
    owner = os.stat(file).st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner:  # root's is taken
        with pytest.raises(UsageError, match="Others may write"):
            settings_for("host", str(file))
    else:
        assert settings_for("host", str(file))[0] == {"port": "1"}


def test_what_is_no_text_file_is_refused_at_once(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(UsageError, match=f"{name} is no file|Cannot read .*{name}"):
            settings_for("host", str(tmp_path / name))
    file.write_bytes(b"port 1\n\0")
    with pytest.raises(UsageError, match="is no text"):
        settings_for("host", str(file))
    file.write_bytes(b"#" * LONGEST_OCTETS)
    assert settings_for("host", str(file)) == ({}, [])
    file.write_bytes(b"#" * (LONGEST_OCTETS + 1))
    with pytest.raises(UsageError, match="is no text of at most"):
        settings_for("host", str(file))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="Cannot read"):
        settings_for("host", str(tmp_path / "loop"))
