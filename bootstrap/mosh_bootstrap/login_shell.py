"""Words for a login shell that may be anything: sshd hands it one string, and every shell reads it in a way of its own.

Three kinds of words (docs/adr/0084-words-for-any-login-shell.md has what each shell reads differently):

- plain ones stay as they are, so that an account's forced command can match and split what it was sent;
- what stands between single quotes as it is, in every shell, is put there;
- no other spelling is common to all shells. A command with any other word is told in plain words alone, which a POSIX
  sh decodes, on the remote machine and within the session. It takes no process more: sh becomes the command.

Pure: words in, text out. Must not know what the words are for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

# "=" is not among them: Plan 9's rc takes it for an assignment wherever it stands.
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,+@-")
# Printable ASCII but "'", "\" (fish, xonsh), "!" (csh), "$", "~", "<" and ">" (xonsh). Old shells use the eighth bit.
_LITERAL: Final = _PLAIN | frozenset(""" "#%&()*;=?[]^`{|}""")
_KEYWORDS: Final = frozenset({"and", "or"})  # to xonsh, wherever they stand: what "&&" and "||" are to sh

# Csh ends at words of 8 kB, and others have less. Longer ones go in pieces.
_LONGEST_WORD: Final = 1000
# Joins its arguments, and has printf's %b read a backslash for each "@" and between two of them: a line of sh. It holds
# no backslash itself, for which fish and xonsh have other uses; tr makes the one between Z and "]" in ASCII. Nor does
# it hold a "$(", which sash would see to itself.
_DECODER: Final = 'IFS=@;set -- $*;IFS=`echo c|tr a-d Z-]`;mosh_line=`printf %b "$*"`;eval "$mosh_line"'
_ESCAPE: Final = "@"
_UNENCODED: Final = _PLAIN - {_ESCAPE}


def is_plain(text: str) -> bool:
    """Return whether `text` is a word as it stands, to every shell and to who splits at blanks."""
    return text != "" and _PLAIN.issuperset(text)


def can_be_quoted(word: str) -> bool:
    """Return whether `quote` can take `word`."""
    return len(word) <= _LONGEST_WORD and _LITERAL.issuperset(word)


def quote(word: str) -> str:
    """Return `word` as one word of every shell, plain if it can be; `can_be_quoted` must hold of it."""
    return word if is_plain(word) and word not in _KEYWORDS else f"'{word}'"


def quote_command(command: Sequence[str]) -> list[str]:
    """Return words that every shell reads as words that run `command`, which may hold all but NUL."""
    if all(map(can_be_quoted, command)):
        return list(map(quote, command))
    return ["sh", "-c", f"'{_DECODER}'", "sh", *_encode(_line_of_sh(command))]


def told_to_login_shell(line: str) -> tuple[str, ...]:
    """Return the command that has the account's own shell read `line`, as sshd has it read one."""
    return ("sh", "-c", 'exec "${SHELL:-/bin/sh}" -c "$0"', line)


def _line_of_sh(command: Sequence[str]) -> bytes:
    """Return the line with which sh becomes `command`."""
    # To exec, a name with a dash would be an option, and dash knows no end of them.
    words = ["exec", "env", "--", *command] if command[0].startswith("-") else ["exec", *command]
    return os.fsencode(" ".join(map(_quote_for_sh, words)))


def _quote_for_sh(word: str) -> str:
    """Return `word` as a word of sh; briefly, since what is odd takes five octets on the way."""
    import re  # what few commands need

    return word if is_plain(word) else "'" + re.sub("'+", r"""'"\g<0>"'""", word) + "'"


def _encode(line: bytes) -> list[str]:
    """Return the arguments of _DECODER that make `line`."""
    pieces = [""]
    for octet in line:
        number = f"0{octet:03o}"
        if len(pieces[-1]) + len(_ESCAPE + number) > _LONGEST_WORD:
            pieces.append(number)
        elif chr(octet) in _UNENCODED:
            pieces[-1] += chr(octet)
        else:
            pieces[-1] += _ESCAPE + number
    return pieces
