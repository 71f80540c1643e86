# Completion of mosh(1) for bash; install as .../bash-completion/completions/mosh.

_mosh() {
    local cur prev word options='--client= --server= --predict= --predict-overwrite --family= --port= --bind-server=
        --ssh= --no-ssh-pty --no-init --local --experimental-remote-ip= --help --version -a -n -o -4 -6 -p'
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}

    # "=" is a word of its own to readline: `--predict = al`.
    local name=
    if [[ $cur == = ]]; then
        name=$prev cur=
    elif [[ $prev == = ]]; then
        name=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $prev == -p ]]; then
        return
    fi

    COMPREPLY=()
    case $name in
        --predict) word='adaptive always never experimental' ;;
        --family) word='prefer-inet prefer-inet6 inet inet6 all auto' ;;
        --experimental-remote-ip) word='proxy remote local' ;;
        --bind-server) word='ssh any' ;;
        --client)
            mapfile -t COMPREPLY < <(compgen -c -- "$cur")
            return
            ;;
        '') ;;
        *) return ;;
    esac
    if [[ -n $name ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
        return
    fi

    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
        return
    fi
    if declare -F _known_hosts_real >/dev/null; then # of the package bash-completion
        _known_hosts_real -a -- "$cur"
    else
        local user=
        [[ $cur == *@* ]] && user=${cur%%@*}@
        mapfile -t COMPREPLY < <(_mosh_hosts | while read -r host; do
            [[ $user$host == "$cur"* ]] && printf '%s\n' "$user$host"
        done)
    fi
}

# The hosts that ssh's files name; hashed names and patterns cannot be completed.
_mosh_hosts() {
    {
        [[ -r ~/.ssh/config ]] && awk 'tolower($1) == "host" { for (i = 2; i <= NF; i++) print $i }' ~/.ssh/config
        [[ -r ~/.ssh/known_hosts ]] && awk '!/^[#|@]/ { n = split($1, names, ","); for (i = 1; i <= n; i++) print names[i] }' \
            ~/.ssh/known_hosts
    } | sed -e 's/^\[\(.*\)\]:[0-9]*$/\1/' -e '/[*?!]/d' | sort -u
}

complete -F _mosh mosh
