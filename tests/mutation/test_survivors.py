"""How mutants are named in explained.toml, and that what stands there is still in the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutation import survivors
from tests.mutation.survivors import Change
from tests.support.programs import REPOSITORY

METHOD = "mosh_common.wire.key.xǁKeyǁparse__mutmut_7"
DIFFERENCE = """\
--- src/mosh_common/wire/key.py
+++ src/mosh_common/wire/key.py
@@ -3,5 +3,5 @@
     \"\"\"Return the key.\"\"\"
-    key = cls(binascii.a2b_base64(text + "=="))
+    key = cls(binascii.a2b_base64(text - "=="))
     return key
"""
CHANGE = Change(
    "mosh_common.wire.key.Key.parse",
    'key = cls(binascii.a2b_base64(text + "=="))',
    'key = cls(binascii.a2b_base64(text - "=="))',
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "function"),
    [
        (METHOD, "mosh_common.wire.key.Key.parse"),
        ("mosh_common.wire.key.xǁKeyǁ__init____mutmut_1", "mosh_common.wire.key.Key.__init__"),
        ("mosh_common.wire.size.x_nearest_size__mutmut_12", "mosh_common.wire.size.nearest_size"),
        ("mosh_common.sync.pacing.x__repeats__mutmut_2", "mosh_common.sync.pacing._repeats"),
    ],
)
def test_a_mutant_belongs_to_the_function_that_its_name_says(name: str, function: str) -> None:
    assert survivors.function_of(name) == function


def test_what_is_no_name_of_a_mutant_is_refused() -> None:
    with pytest.raises(ValueError, match="no name of a mutant"):
        survivors.function_of("mosh_common.wire.key.parse")


def test_a_change_is_what_goes_and_what_comes_wherever_it_stands() -> None:
    assert survivors.change(METHOD, DIFFERENCE) == CHANGE


def test_a_change_of_several_lines_has_all_of_them() -> None:
    change = survivors.change(METHOD, "-    f(\n-        a,\n+    f(\n+        None,\n     )\n")
    assert (change.removed, change.added) == ("f(\na,", "f(\nNone,")


@pytest.mark.parametrize("change", [CHANGE, Change("mosh_common.wire.key.Key.parse", "f('a',\nb)", "f('a',\nNone)")])
def test_what_is_printed_is_read_again_once_it_has_a_reason(tmp_path: Path, change: Change) -> None:
    entry = survivors.as_entries([change])
    with pytest.raises(ValueError, match="without a reason"):
        survivors.explained(written(tmp_path / "bare.toml", entry))
    reasoned = written(tmp_path / "reasoned.toml", entry.replace('why = ""', 'why = "the same"'))
    assert survivors.explained(reasoned) == {change: "the same"}


def test_a_mutant_is_explained_once(tmp_path: Path) -> None:
    entry = survivors.as_entries([CHANGE]).replace('why = ""', 'why = "the same"')
    with pytest.raises(ValueError, match="twice"):
        survivors.explained(written(tmp_path / "twice.toml", f"{entry}\n{entry}"))


def lines_of(module: str) -> set[str]:
    path = (REPOSITORY / "common").joinpath(*module.split(".")).with_suffix(".py")
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}


def module_of(function: str) -> str:
    """The module of a function's full name: what ends before the class or the function."""
    folder = REPOSITORY / "common"
    words = function.split(".")
    return next(
        ".".join(words[:end])
        for end in range(len(words), 0, -1)
        if folder.joinpath(*words[:end]).with_suffix(".py").is_file()
    )


@pytest.mark.parametrize("change", survivors.explained(), ids=lambda change: f"{change.function}: {change.added}")
def test_what_is_explained_is_still_in_the_code(change: Change) -> None:
    gone = set(change.removed.splitlines()) - lines_of(module_of(change.function))
    assert not gone, "take the entry out of explained.toml"
