"""What `mosh --help` prints; a test holds it to the parser (options.py), as it does the manual page."""

from __future__ import annotations

from typing import Final

HELP: Final = """\
Usage: mosh [options] [--] [user@]host [command...]
       mosh --local [options] [address [command...]]
       mosh --doctor [options] [[user@]host]
       mosh [options] --as-ssh [ssh's own command line]

Logs in with ssh, starts mosh-server there, and goes on over encrypted UDP.
Options may stand before or after the host, up to the command's first word.

        --predict=adaptive   show guesses of what keys do on slow links
                             [default]
-a      --predict=always     show them on fast links too
-n      --predict=never      never show any
        --predict=experimental  show them at once, even where often wrong
-o      --predict-overwrite     what is typed replaces, it does not insert
        --no-predict-overwrite  it inserts [default]

        --family=prefer-inet    try all addresses, IPv4 first [default]
        --family=prefer-inet6   try all addresses, IPv6 first
-4      --family=inet        use IPv4 only
-6      --family=inet6       use IPv6 only
        --family=auto        only for hosts that have one kind of address
        --family=all         try all addresses, in the resolver's order

-p PORT[:PORT2]
        --port=PORT[:PORT2]  UDP port or range on the server; 0 = any free one
                             (not the port of ssh: see --ssh)
        --bind-server={ssh|any|IP}  address that the server answers from
                             (default: "ssh", the one that ssh came to)

        --client=PATH        mosh-client on this machine
                             (default: the one of this installation)
        --server=COMMAND     mosh-server on the remote machine, a piece of
                             shell (default: "mosh-server")
        --ssh=COMMAND        ssh command that sets the session up
                             (example: "ssh -p 2222"; default: "ssh")
        --ssh-pty            ask ssh for a pseudo-terminal [default]
        --no-ssh-pty         do not
        --experimental-remote-ip={auto|proxy|remote|local}
                             how to find the server's address: as ssh's
                             configuration asks for [default], by making ssh's
                             connection ourselves, by asking the server, or by
                             its name here
        --fallback={ask|ssh|fail}  what to do about a host that has no
                             mosh-server: ask [default], go on with plain ssh,
                             or end; without a terminal nobody is asked
        --history=LINES[,OCTETS]  how much of what scrolls off the screen the
                             server keeps (default: "100000,16M"; 0 = none)
        --local              run mosh-server on this machine, without ssh

        --list               show your sessions there
        --attach[=ID|NAME]   take a session back, whoever has it now
                             (default: the only one that is detached)
        --session=NAME       take the session of that name back, or begin it
        --end=ID|NAME        end a session, with what runs in it

        --init               use the terminal's alternate screen [default]
        --no-init            do not: the last screen stays after the session
        --scrollback={native|none}  native: what scrolls off goes into this
                             terminal's own scroll bar, as with ssh
                             (default: none)
        --keep-last-screen   print the last screen behind the alternate one
                             [default for a command, not for a login shell]
        --no-keep-last-screen   do not

        --doctor             say what keeps sessions from working, on this
                             machine and, if named, on the way to a host
        --json               with --doctor or --list: say it as JSON
        --as-ssh             what follows is ssh's own command line: a login on
                             a terminal becomes mosh, all else is left to ssh
        --stand-in={auto|mosh|ssh}  what --as-ssh does of a login: as ssh's
                             configuration asks for [default], mosh, or ssh

        --install-server     bring this mosh-server to the host, into ~/.local
                             (it asks first), and begin no session
        --uninstall-server   take it away again
        --yes                do not ask

-h      --help               this text
-G                           print what applies to the host, as a file has it
-v                           tell on standard error how long each stage takes
-V      --version            version and licence

Keys in a session, each after Ctrl-^ (often Ctrl-Shift-6):
  .       quit           s  show how the link is, or hide it
  Ctrl-Z  suspend        d  detach: leave, the session goes on
  [       page what scrolled away: search, copy
  ^       send a Ctrl-^  ?  list these keys

Environment:
  MOSH_PREDICTION_DISPLAY=WHEN   as --predict=WHEN
  MOSH_PREDICTION_OVERWRITE=yes  as --predict-overwrite
  MOSH_HISTORY=LINES[,OCTETS]    as --history
  MOSH_ESCAPE_KEY=KEY            another key than Ctrl-^; "~" is as in ssh
  MOSH_TITLE_NOPREFIX=1          no "[mosh] " before window titles
  MOSH_CLIPBOARD=no              programs cannot set the clipboard
  MOSH_WHEEL=yes                 the mouse's wheel pages what scrolled away
  MOSH_NO_TERM_INIT=1            as --no-init
  MOSH_SCROLLBACK=native         as --scrollback=native
  MOSH_KEEP_LAST_SCREEN=yes      as --keep-last-screen; also no, and auto
  MOSH_PYTHON=PATH               the Python to use (not where pip installed it)

Files:
  ~/.config/mosh-py/config       the long options above, by Host, in the form
                                 of ssh_config(5)

Example:
  mosh --ssh="ssh -p 2222" -p 60010:60020 me@example.org -- tmux attach

More: mosh(1), mosh-client(1), mosh-server(1).
"""
