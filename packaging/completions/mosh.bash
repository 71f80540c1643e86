# Completion of mosh(1) for bash; install as .../bash-completion/completions/mosh.
# Works with the package bash-completion and without.

_mosh() {
    local options='--client= --server= --predict= --predict-overwrite --no-predict-overwrite --family= --port=
        --bind-server= --history= --ssh= --ssh-pty --no-ssh-pty --init --no-init --scrollback= --keep-last-screen --no-keep-last-screen --local
        --list --json --attach --attach= --session= --end= --experimental-remote-ip= --fallback= --as-ssh --stand-in=
        --doctor --install-server --uninstall-server --yes --help --version -a -n -o -4 -6 -p -G -h -v -V'
    local -a words=() starts=()
    local cur i last host='' command='' name='' behind=''
    _mosh_words
    last=$((${#words[@]} - 1))
    cur=${words[last]}
    COMPREPLY=()

    # What stands before the cursor: `name` = an option whose value is next, `behind` = "--" was seen.
    for ((i = 1; i < last; i++)); do
        if [[ -n $name ]]; then
            name=
            continue
        fi
        if [[ -n $behind ]]; then
            _mosh_take_word
        else
            case ${words[i]} in
            --) behind=yes ;;
            --client | --server | --predict | --scrollback | --family | --port | --bind-server | --history | --ssh | --session | --end | \
                --experimental-remote-ip | --fallback | --stand-in)
                name=${words[i]}
                ;;
            -p | -[!-]*p) name=-p ;;
            -?*) ;;
            *) _mosh_take_word ;;
            esac
        fi
        [[ -z $command ]] || break
    done

    if [[ -n $command ]] || [[ -n $host && (-n $behind || $cur != -*) && -z $name ]]; then
        _mosh_command "${command:-$last}"
        return
    fi
    if [[ -n $name ]]; then
        _mosh_value "$name" "$cur" ''
    elif [[ $cur == --*=* && -z $behind ]]; then
        _mosh_value "${cur%%=*}" "${cur#*=}" "${cur%%=*}="
    elif [[ $cur == -* && -z $behind ]]; then
        _mosh_reply < <(compgen -W "$options" -- "$cur")
        [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
    elif declare -F _known_hosts_real >/dev/null; then # of the package bash-completion
        _known_hosts_real -a -- "$cur"
    else
        local user=
        [[ $cur == *@* ]] && user=${cur%@*}@
        _mosh_reply < <(compgen -W "$(_mosh_hosts)" -P "$user" -- "${cur#"$user"}")
    fi
    _mosh_trim
}

# Takes ${words[i]}, which is no option: the host, or where the command begins.
_mosh_take_word() {
    if [[ -z $host ]]; then host=${words[i]}; else command=$i; fi
}

# Sets `words` to those up to the cursor, put together again where readline cut them (at "=", "@", ":"), and `starts` to
# where each begins in COMP_WORDS.
_mosh_words() {
    local line=${COMP_LINE:0:COMP_POINT} rest piece at
    for ((at = 0; at <= COMP_CWORD; at++)); do
        piece=${COMP_WORDS[at]}
        rest=${line#"${line%%[![:space:]]*}"}
        ((at < COMP_CWORD)) || piece=$rest
        if ((at == 0)) || [[ $rest != "$line" || -z $piece ]]; then
            words+=("$piece") starts+=("$at")
        else
            words[${#words[@]} - 1]+=$piece
        fi
        line=${rest#"$piece"}
    done
}

# _mosh_value OPTION BEGUN PREFIX: what the option's value may be; each reply gets the prefix.
_mosh_value() {
    local values
    case $1 in
        --predict) values='adaptive always never experimental' ;;
        --scrollback) values='native none' ;;
        --family) values='prefer-inet prefer-inet6 inet inet6 auto all' ;;
        --experimental-remote-ip) values='auto proxy remote local' ;;
        --fallback) values='ask ssh fail' ;;
        --bind-server) values='ssh any' ;;
        --attach | --session | --end) values=$(_mosh_sessions) ;;
        --stand-in) values='auto mosh ssh' ;;
        --client | --ssh)
            _mosh_reply < <(compgen -P "$3" -c -- "$2")
            return
            ;;
        *) return ;;
    esac
    _mosh_reply < <(compgen -P "$3" -W "$values" -- "$2")
}

# The ids and names of the sessions on the host that stands before the cursor: asked there, without asking the user.
_mosh_sessions() {
    local each
    local -a given=()
    for each in "${words[@]:1:last-1}"; do
        [[ $each =~ ^[A-Za-z0-9@%+=:,./_-]+$ ]] || return 0 # what is quoted only the shell itself could read
        [[ $each == --attach* || $each == --end* || $each == --session* ]] || given+=("$each")
    done
    [[ -n $host || " ${given[*]-} " == *' --local '* ]] || return 0
    "${words[0]}" --complete-sessions "${given[@]}" </dev/null 2>/dev/null |
        sed -n 's/^\([A-Za-z0-9._][A-Za-z0-9._-]*\)	.*/\1/p'
}

# _mosh_command N: completes the command that begins with word N, as far as this machine's commands tell.
_mosh_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "${starts[$1]}"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "${starts[$1]}"
    elif (($1 == last)); then
        _mosh_reply < <(compgen -c -- "$cur")
        _mosh_trim
    else
        compopt -o filenames 2>/dev/null
        _mosh_reply < <(compgen -f -- "$cur")
        _mosh_trim
    fi
}

_mosh_reply() {
    local each
    while IFS= read -r each; do COMPREPLY+=("$each"); done
}

# Of each reply, readline wants what follows the last character at which it cuts words, and "@" itself as well.
_mosh_trim() {
    local breaks=${COMP_WORDBREAKS//[^=@:]/} head i
    [[ -n $breaks ]] || return 0
    head=${cur%"${cur##*["$breaks"]}"}
    head=${head%@}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$head"}; done
}

# The hosts that ssh's files name; hashed names and patterns cannot be completed. Nothing but names: what compgen is
# given it expands as a shell would.
_mosh_hosts() {
    local -a config=() known=(~/.ssh/known_hosts ~/.ssh/known_hosts2 /etc/ssh/ssh_known_hosts)
    local file
    while IFS= read -r file; do config+=("$file"); done < <(
        _mosh_config ~/.ssh/config ~/.ssh 0
        _mosh_config /etc/ssh/ssh_config /etc/ssh 0
    )
    {
        for file in ${config[@]+"${config[@]}"}; do _mosh_setting host "$file"; done
        for file in "${known[@]}"; do
            [[ -r $file ]] || continue
            awk '!/^[#|@]/ { count = split($1, names, ","); while (count) print names[count--] }' "$file"
        done
    } | sed -e 's/^\[\(.*\)\]:[0-9]*$/\1/' -e '/[^A-Za-z0-9._:%-]/d' | sort -u
}

# _mosh_config FILE FOLDER DEPTH: the file and what it includes, as ssh_config(5) says: each may be a pattern, "~/" is
# the home, and what is not absolute lies in FOLDER. Ssh goes 16 deep.
_mosh_config() {
    local path
    [[ -f $1 && -r $1 && $3 -le 16 ]] || return 0
    printf '%s\n' "$1"
    while IFS= read -r path; do
        case $path in
            \~/*) path=~/${path:2} ;;
            /*) ;;
            *) path=$2/$path ;;
        esac
        while IFS= read -r path; do _mosh_config "$path" "$2" $(($3 + 1)); done < <(compgen -G "$path")
    done < <(_mosh_setting include "$1")
}

# _mosh_setting KEYWORD FILE: the words behind the keyword, a line each; "Keyword=word" and quotes are ssh's, too.
_mosh_setting() {
    awk -v keyword="$1" '{
        sub(/^[ \t]+/, "")
        if (!match($0, /^[A-Za-z]+[ \t]*=?[ \t]*/)) next
        rest = substr($0, RLENGTH + 1)
        name = tolower(substr($0, 1, RLENGTH))
        sub(/[ \t]*=?[ \t]*$/, "", name)
        if (name != keyword) next
        while (match(rest, /^[ \t]*("[^"]*"|[^ \t"]+)/)) {
            word = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            gsub(/^[ \t]+|"/, "", word)
            if (word ~ /^#/) break
            if (word != "") print word
        }
    }' "$2"
}

complete -F _mosh mosh
