# Completion of mosh(1) for fish; install as .../vendor_completions.d/mosh.fish.

function __fish_mosh_needs_host
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or return 1
    end
end

complete -c mosh -f
complete -c mosh -n __fish_mosh_needs_host -a '(__fish_complete_user_at_hosts)' -d 'Remote host'
complete -c mosh -n 'not __fish_mosh_needs_host' -a '(__fish_complete_subcommand)'

complete -c mosh -l client -r -a '(__fish_complete_command)' -d 'mosh client on this machine'
complete -c mosh -l server -x -d 'mosh server on the remote machine, a piece of shell'
complete -c mosh -l predict -x -a 'adaptive always never experimental' -d 'When to show guesses'
complete -c mosh -s a -d 'Show guesses even on fast links'
complete -c mosh -s n -d 'Never show guesses'
complete -c mosh -s o -l predict-overwrite -d 'Guesses overwrite instead of inserting'
complete -c mosh -s 4 -d 'IPv4 only'
complete -c mosh -s 6 -d 'IPv6 only'
complete -c mosh -l family -x -a 'prefer-inet prefer-inet6 inet inet6 all auto' -d 'Addresses to try'
complete -c mosh -s p -l port -x -d 'UDP port or range on the server'
complete -c mosh -l bind-server -x -a 'ssh any' -d 'Address that the server answers from'
complete -c mosh -l ssh -x -a '(__fish_complete_command)' -d 'ssh command that sets the session up'
complete -c mosh -l no-ssh-pty -d 'Do not ask ssh for a pseudo-terminal'
complete -c mosh -l no-init -d 'Do not switch to the alternate screen'
complete -c mosh -l local -d 'Run mosh-server on this machine, without ssh'
complete -c mosh -l experimental-remote-ip -x -a 'proxy remote local' -d 'How to find the address of the server'
complete -c mosh -s h -l help -d 'Print a summary'
complete -c mosh -s v -l version -d 'Print version and licence'
