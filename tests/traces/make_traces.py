"""The six traces of this folder: writes NAME.jsonl beside itself, always the same; with `--record` also what the
programs answered, NAME.recording.jsonl.

    python -m tests.traces.make_traces [--record] [NAME …]

NAME.jsonl is in the format of the shared harness: JSON lines, first `{"meta": {…}}`, then a keystroke each,
`{"delay_ms": since the one before, "bytes": what is written in one go}`. `meta.command` is the program, started in a
copy of `home/`. Keys are those of a terminal in application-cursor mode, as mosh puts it. A trace ends in a state that
does not depend on timing: no clocks, no process numbers; after ESC and Enter there is time for the program.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
ROWS: Final = 24
COLUMNS: Final = 80
FIRST_MS: Final = 800  # before the first key

KEYS: Final = {
    "ENTER": "\r",
    "ESC": "\x1b",
    "BS": "\x7f",
    "TAB": "\t",
    "UP": "\x1bOA",
    "DOWN": "\x1bOB",
    "RIGHT": "\x1bOC",
    "LEFT": "\x1bOD",
    "HOME": "\x1bOH",
    "END": "\x1bOF",
    "PGDN": "\x1b[6~",
    "DEL": "\x1b[3~",
    "M-b": "\x1bb",
    "M-f": "\x1bf",
    "M-d": "\x1bd",
    "M-BS": "\x1b\x7f",
    "SPACE": " ",
} | {f"^{chr(code + 64)}": chr(code) for code in range(1, 27)}
# What people wait for: the output of a command, the answer to a completion.
PAUSE_AFTER_MS: Final = {"ENTER": 900, "ESC": 600, "TAB": 600, "^C": 600, "^R": 400, "PGDN": 500}

BASH: Final = ["bash", "--noprofile", "--rcfile", "bashrc", "-i"]

# Words in angle brackets are keys, or pauses in ms; everything else is typed.
TRACES: Final[dict[str, tuple[str, list[str], list[str]]]] = {
    "bash_long_lines": (
        "bash: lines that wrap, searches in the history, editing in the middle of a wrapped line",
        BASH,
        [
            *("echo a first short one", "<ENTER>"),
            "echo this line is long enough to go on in the second row of the screen, where it is still bein",
            *("<BS>", "g typed", "<^A>", "<M-f>", " -n", "<^E>", " to its end", "<ENTER>"),
            *("<^R>", "rsync", "<500>", "<^E>", "new/", "<M-BS>", "<^A>", "echo ", "<ENTER>"),
            *("<^R>", "conn", "<500>", "<^G>", "<400>"),
            *("<UP>", "<400>", "<UP>", "<400>", "<DOWN>", "<400>", "<^U>"),
            *("for name in alpha beta gamma; do", "<ENTER>", 'echo "hello $name"', "<ENTER>", "done", "<ENTER>"),
            *("cat lett", "<TAB>", "| head -n 3", "<^A>", "time -p ", "<^A>", "<^K>", "<ENTER>"),
            *("echo one two three four five", "<M-b>", "<M-b>", "<M-d>", "new", "<^W>", "3", "<ENTER>"),
            *("seq 30", "<ENTER>", "echo at the bottom of the screen", "<ENTER>"),
            "echo a line at the bottom that is so long that it has to scroll everything above it up by one row",
            *("<LEFT>", "<LEFT>", "<LEFT>", "<LEFT>", "only ", "<ENTER>", "echo done", "<ENTER>"),
        ],
    ),
    "fish_suggestions": (
        "fish: autosuggestions taken and typed over, a right prompt, colours that change while a word grows",
        ["fish"],
        [
            *("<1500>", "echo one two three", "<ENTER>", "echo one four five", "<ENTER>", "cat letter.txt", "<ENTER>"),
            *(
                "echo one",
                "<500>",
                "<RIGHT>",
                "<500>",
                "<ENTER>",
                "echo one two",
                "<^E>",
                "<400>",
                " and more",
                "<ENTER>",
            ),
            *("nosuchcommand", "<^A>", "echo ", "<^E>", " it is", "<ENTER>"),
            *(
                "cat l",
                "<400>",
                "<^U>",
                "echo something else",
                "<LEFT>",
                "<LEFT>",
                "<LEFT>",
                "<LEFT>",
                "<BS>",
                "_",
                "<ENTER>",
            ),
            *("echo a command which is so long that the prompt at the right has to give way to it", "<ENTER>"),
            *("echo again", "<^W>", "<^W>", "echo once", "<ENTER>", "<UP>", "<400>", "<UP>", "<400>", " x", "<ENTER>"),
            *("seq 25", "<ENTER>", "echo one t", "<300>", "otal", "<ENTER>", "echo end", "<ENTER>"),
        ],
    ),
    "vi_modes": (
        "vi: insert and normal mode by turns, motions, changes, a search, the command line, undo",
        ["vim.tiny", "-u", "vimrc", "-i", "NONE", "letter.txt"],
        [
            *("<1500>", "jj", "A", " And it is final.", "<ENTER>", "Nobody objected, as far as I heard", "<ESC>"),
            *(
                "0",
                "w",
                "i",
                "really ",
                "<ESC>",
                "b",
                "cw",
                "truly",
                "<ESC>",
                "jj",
                "dd",
                "p",
                "k",
                "x",
                "x",
                "u",
                "<300>",
            ),
            *("o", "A line of its own, ", "<BS>", "<BS>", " and so on", "<ESC>", "/usual", "<ENTER>", "n", "<300>"),
            *("ea", " (upstairs)", "<ESC>", "G", "o", "The secretary", "<ENTER>", "<ENTER>", "P.S. no cake", "<ESC>"),
            *(
                "kkk",
                "0",
                "i",
                "Most ",
                "<RIGHT>",
                "<RIGHT>",
                "<LEFT>",
                "x",
                "<BS>",
                "<ESC>",
                "gg",
                "O",
                "Monday",
                "<ESC>",
            ),
            *(":set number", "<ENTER>", "jjjA", " With numbers.", "<ESC>", "rX", "~", "3w", "D", "<300>"),
            *(":w", "<ENTER>"),
        ],
    ),
    "tmux_split": (
        "tmux, split vertically: typing left of the border and right of it, wrapping and scrolling in a pane",
        ["sh", "-c", "TMUX_TMPDIR=$PWD exec tmux -f tmux.conf new-session ';' split-window -h ';' select-pane -L"],
        [
            *(
                "<2500>",
                "echo on the left side",
                "<LEFT>",
                "<LEFT>",
                "<LEFT>",
                "<LEFT>",
                "hand ",
                "<^E>",
                "!",
                "<ENTER>",
            ),
            *(
                "echo a line which is longer than the pane is wide and so goes on below",
                "<BS>",
                "<BS>",
                "ow",
                "<ENTER>",
            ),
            *("<^B>", "o", "<900>", "echo now on the right side", "<^A>", "<^K>", "pwd >/dev/null", "<ENTER>"),
            *("echo words up to the very end of the pane, and then beyond it", "<M-b>", "<M-b>", "far ", "<ENTER>"),
            *(
                "seq 30",
                "<ENTER>",
                "echo at the bottom right",
                "<ENTER>",
                "less notes.txt",
                "<ENTER>",
                "/session",
                "<ENTER>",
                "q",
            ),
            *("<900>", "<^B>", "o", "<900>", "seq 25", "<ENTER>", "echo at the bottom left", "<^W>", "edge", "<ENTER>"),
            *("cat >/dev/null", "<ENTER>", "typed into cat", "<ENTER>", "again", "<ENTER>", "<^D>", "<600>"),
        ],
    ),
    "python_prompt": (
        "python's interactive prompt: blocks, editing, history, an interrupt, a hidden password",
        ["python3", "-q"],
        [
            *(
                "<1500>",
                "1 + 1",
                "<ENTER>",
                "def twice(number):",
                "<ENTER>",
                "    return 2 * number",
                "<ENTER>",
                "<ENTER>",
            ),
            *("twice(21)", "<ENTER>", "<UP>", "<400>", "<LEFT>", "0", "<ENTER>", "names = ['ada', 'grace']", "<ENTER>"),
            *("for name in names:", "<ENTER>", "    print(name.title())", "<ENTER>", "<ENTER>"),
            *("'x' * 70 + 'a string that makes this line longer than the screen is wide'", "<ENTER>"),
            *("nmaes", "<^A>", "<DEL>", "<DEL>", "<DEL>", "nam", "<^E>", "<ENTER>", "half a line", "<^C>"),
            *("input('who? ')", "<ENTER>", "somebody", "<ENTER>", "import getpass", "<ENTER>"),
            *(
                "len(getpass.getpass())",
                "<ENTER>",
                "not shown",
                "<ENTER>",
                "print('wide 漢字 and é')",
                "<ENTER>",
                "2 ** 10",
                "<ENTER>",
            ),
        ],
    ),
    "less_and_mail": (
        "a pager and a letter: less with searches and jumps, then an answer typed to programs that ask line by line",
        BASH,
        [
            *(
                "less notes.txt",
                "<ENTER>",
                "j",
                "j",
                "k",
                "<SPACE>",
                "<500>",
                "/timeout",
                "<ENTER>",
                "n",
                "<300>",
                "n",
                "<300>",
            ),
            *(
                "50g",
                "<500>",
                "?packet",
                "<BS>",
                "<BS>",
                "ket",
                "<ENTER>",
                "G",
                "<400>",
                "-S",
                "<ENTER>",
                "&error",
                "<ENTER>",
            ),
            *("<PGDN>", "q", "<700>", "read -r -p 'To: ' to", "<ENTER>", "all@example.org", "<ENTER>"),
            *(
                "read -r -p 'Subject: ' subject",
                "<ENTER>",
                "Thursday, not Wednesday",
                "<ENTER>",
                "cat >answer",
                "<ENTER>",
            ),
            *(
                "Dear all,",
                "<ENTER>",
                "<ENTER>",
                "thursday suits me",
                "<^W>",
                "us, ",
                "<^U>",
                "Thursday suits all of us.",
                "<ENTER>",
            ),
            *(
                "Nobody missed the cellar.",
                "<ENTER>",
                "<^D>",
                "<600>",
                'echo "$to: $subject"',
                "<ENTER>",
                "cat answer",
                "<ENTER>",
            ),
            *("less -F letter.txt | head -n 2", "<ENTER>", "echo sent", "<ENTER>"),
        ],
    ),
}


def keystrokes(name: str, parts: list[str]) -> list[dict[str, Any]]:
    """Return the keystrokes of a trace, with the delays of somebody who types well."""
    rng = random.Random(name)
    pressed: list[dict[str, Any]] = []
    pending = float(FIRST_MS)
    for part in parts:
        word = part[1:-1] if len(part) > 2 and part[0] == "<" and part[-1] == ">" else ""
        if word.isdigit():
            pending = max(pending, float(word))
            continue
        for octets in [KEYS[word]] if word else part:
            pressed.append({"delay_ms": round(pending), "bytes": octets})
            pending = max(PAUSE_AFTER_MS.get(word, 0), min(400.0, max(45.0, rng.lognormvariate(4.8, 0.45))))
    return pressed


def trace_text(name: str) -> str:
    """Return the contents of NAME.jsonl."""
    note, command, parts = TRACES[name]
    meta = {"note": note, "rows": ROWS, "cols": COLUMNS, "command": command}
    lines = [{"meta": meta}, *keystrokes(name, parts)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def main() -> None:
    """Write the traces named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(TRACES), metavar="NAME")
    parser.add_argument("--record", action="store_true", help="also type them into the programs, which takes minutes")
    options = parser.parse_args()
    for name in options.names:
        (HERE / f"{name}.jsonl").write_text(trace_text(name), encoding="utf-8")
    if options.record:
        from tests.traces.recordings import record_all

        record_all(options.names)


if __name__ == "__main__":
    main()
