#!/bin/sh
# Starts one of mosh, mosh-client and mosh-server where pip or pipx has put it: with the Python that has our packages,
# which these leave in known places. setup.py has written into it which one. docs/adr/0082-scripts-in-wheels.md
#
# A script of the usual kind, which names its Python in the first line, is run by a Python that has read the user's
# PYTHONHOME, PYTHONPATH and the like before anything of ours can be heard: -E comes too late there.

package='@PACKAGE@'

fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 127
}

# Whether $1 is a script that would call us again, as one does that is called ssh and stands in for it.
calls_us() {
    [ -r "$1" ] && IFS= read -r line <"$1" || return 1
    case $line in '#!'*) ;; *) return 1 ;; esac
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in *--as-ssh*) return 0 ;; esac
    done <"$1"
    return 1
}

# Sets `found` to the command $1 of PATH.
# SECURITY: an entry without a root is the current directory's, which may be anybody's.
# test_nothing_of_the_current_directory_is_run_by_an_installed_script
find_command() {
    found=
    old_ifs=$IFS
    IFS=:
    set -f
    for entry in ${PATH-}; do
        case $entry in /*) ;; *) continue ;; esac
        if [ -f "$entry/$1" ] && [ -x "$entry/$1" ] && ! { [ "$1" = ssh ] && calls_us "$entry/$1"; }; then
            found=$entry/$1
            break
        fi
    done
    set +f
    IFS=$old_ifs
    [ -n "$found" ]
}

# Standing in for ssh, most often for programs (git, rsync, scp): without a terminal nothing but ssh can be meant, and it
# begins at once, without Python. docs/adr/0092-what-a-login-is.md
case ${0##*/}/${1-} in
    mosh-client/* | mosh-server/*) ;;
    */--as-ssh)
        if ! { [ -t 0 ] && [ -t 1 ]; } && find_command ssh; then
            shift
            exec "$found" "$@"
        fi
        ;;
esac

# Where we lie, behind any symbolic links: pipx makes some.
called=$0
self=$0
case $self in
    /*) ;;
    */*) self=./$self ;; # no option of anybody's
    *) fail "cannot find myself; call me by a path" ;;
esac
while [ -h "$self" ]; do
    link=$(readlink "$self" && echo .) || break # the "." keeps line ends at the end of a name
    link=${link%??}
    case $link in
        /*) self=$link ;;
        *) self=${self%/*}/$link ;;
    esac
done
here=${self%/*}
run="import sys; sys.path += filter(None, [sys.argv[1]]); del sys.argv[:2]; from $package.cli import main;"
run="$run sys.exit(main())"

# A virtual environment has its Python in the same folder, and nothing else can be meant.
[ -f "$here/../pyvenv.cfg" ] && exec "$here/python3" -E -P -c "$run" '' "$called" "$@"

# Else the folder of our packages tells the Python (pip install --user, --prefix, into the system); the newest one wins.
python='' packages=''
for folder in "$here"/../lib/python3.*/*-packages; do
    [ -f "$folder/$package/cli.py" ] || continue
    name=${folder%/*}
    name=${name##*/}
    if [ -x "$here/$name" ]; then found=$here/$name; else find_command "$name" || continue; fi
    python=$found packages=$folder
done
if [ -z "$python" ]; then # pip install --target, --editable into the system, or in places that only that Python knows
    [ -f "$here/../$package/cli.py" ] && packages=$here/..
    if [ -x "$here/python3" ]; then python=$here/python3; else find_command python3 && python=$found; fi
fi
[ -n "$python" ] || fail "needs Python 3.11 or later, and found no Python at all; install it, or install mosh again"
exec "$python" -E -P -c "$run" "$packages" "$called" "$@"
