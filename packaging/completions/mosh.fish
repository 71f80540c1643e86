# Completion of mosh(1) for fish; install as .../vendor_completions.d/mosh.fish.

# Prints the words before the cursor that are no options of mosh, a line each: the host, then the command's.
function __fish_mosh_words
    set -l options client= server= predict= a n o/predict-overwrite no-predict-overwrite family= 4 6 p/port= \
        bind-server= history= ssh= ssh-pty no-ssh-pty init no-init scrollback= keep-last-screen no-keep-last-screen local \
        experimental-remote-ip= fallback= as-ssh stand-in= G doctor install-server uninstall-server yes \
        h/help version V v list json 'attach=?' session= end=
    set -l words (commandline -opc)
    argparse -s $options -- $words[2..-1] 2>/dev/null
    or return
    set -q argv[1]
    or return
    printf '%s\n' $argv[1]
    # Options may stand behind the host as well.
    argparse -s $options -- $argv[2..-1] 2>/dev/null
    or return
    set -q argv[1]
    and printf '%s\n' $argv
end

# The ids and names of the sessions on the host that stands before the cursor: asked there, without asking the user.
function __fish_mosh_sessions
    set -l words (commandline -opc)
    set -l given (string match -v -r -- '^--(attach|end|session)' $words[2..-1])
    $words[1] --complete-sessions $given </dev/null 2>/dev/null
end

function __fish_mosh_needs_host
    test (count (__fish_mosh_words)) -eq 0
end

# Whether options are still mosh's own.
function __fish_mosh_takes_options
    test (count (__fish_mosh_words)) -le 1
end

function __fish_mosh_command
    set -l words (__fish_mosh_words) (commandline -ct)
    string match -q -- '-*' $words[2]; or __fish_complete_subcommand --commandline $words[2..-1]
end

complete -c mosh -f
complete -c mosh -n __fish_mosh_needs_host -a '(__fish_complete_user_at_hosts)' -d 'Remote host'
complete -c mosh -n 'not __fish_mosh_needs_host' -x -a '(__fish_mosh_command)'

function __fish_mosh_option
    complete -c mosh -n __fish_mosh_takes_options $argv
end

__fish_mosh_option -l client -r -a '(__fish_complete_command)' -d 'mosh-client on this machine'
__fish_mosh_option -l server -x -d 'mosh-server on the remote machine, a piece of shell'
__fish_mosh_option -l predict -x -a 'adaptive always never experimental' -d 'When to show guesses'
__fish_mosh_option -s a -d 'Show guesses even on fast links'
__fish_mosh_option -s n -d 'Never show guesses'
__fish_mosh_option -s o -l predict-overwrite -d 'Guesses overwrite instead of inserting'
__fish_mosh_option -l no-predict-overwrite -d 'Guesses insert, the default'
__fish_mosh_option -s 4 -d 'IPv4 only'
__fish_mosh_option -s 6 -d 'IPv6 only'
__fish_mosh_option -l family -x -a 'prefer-inet prefer-inet6 inet inet6 auto all' -d 'Addresses to try'
__fish_mosh_option -s p -l port -x -d 'UDP port or range on the server'
__fish_mosh_option -l bind-server -x -a 'ssh any' -d 'Address that the server answers from'
__fish_mosh_option -l history -x -d 'What scrolls off that the server keeps'
__fish_mosh_option -l ssh -x -a '(__fish_complete_command)' -d 'ssh command that sets the session up'
__fish_mosh_option -l ssh-pty -d 'Ask ssh for a pseudo-terminal, the default'
__fish_mosh_option -l no-ssh-pty -d 'Do not ask ssh for a pseudo-terminal'
__fish_mosh_option -l init -d 'Use the alternate screen, the default'
__fish_mosh_option -l no-init -d 'Do not use the alternate screen'
__fish_mosh_option -l scrollback -x -a 'native none' -d 'Where what scrolls off goes'
__fish_mosh_option -l keep-last-screen -d 'Print the last screen behind the alternate one'
__fish_mosh_option -l no-keep-last-screen -d 'Do not print the last screen'
__fish_mosh_option -l local -d 'Run mosh-server on this machine, without ssh'
__fish_mosh_option -l list -d 'Show your sessions there'
__fish_mosh_option -l attach -a '(__fish_mosh_sessions)' -d 'Take a session back'
__fish_mosh_option -l session -x -a '(__fish_mosh_sessions)' -d 'Take the session of that name back, or begin it'
__fish_mosh_option -l end -x -a '(__fish_mosh_sessions)' -d 'End a session'
__fish_mosh_option -l fallback -x -a 'ask ssh fail' -d 'What to do about a host without mosh-server'
__fish_mosh_option -l experimental-remote-ip -x -a 'auto proxy remote local' -d 'How to find the address of the server'
__fish_mosh_option -l doctor -d 'Say what keeps sessions from working'
__fish_mosh_option -l json -d 'With --list or --doctor: say it as JSON'
__fish_mosh_option -l as-ssh -d 'What follows is the command line of ssh'
__fish_mosh_option -l stand-in -x -a 'auto mosh ssh' -d 'What --as-ssh does of a login'
__fish_mosh_option -s G -d 'Print what applies to the host'
__fish_mosh_option -l install-server -d 'Bring this mosh-server to the host, into ~/.local'
__fish_mosh_option -l uninstall-server -d 'Take it away again'
__fish_mosh_option -l yes -d 'Do not ask, with these two'
__fish_mosh_option -s h -l help -d 'Print a summary'
__fish_mosh_option -s v -d 'Tell how long each stage takes'
__fish_mosh_option -s V -l version -d 'Print version and licence'
functions --erase __fish_mosh_option
