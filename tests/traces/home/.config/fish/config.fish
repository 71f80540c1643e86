# Autosuggestions are fish's own; the right prompt stands where typed text would push it off.
set -g fish_greeting
function fish_prompt
    set_color green
    echo -n 'me@host'
    set_color normal
    echo -n ' ~> '
end
function fish_right_prompt
    set_color brblack
    echo -n '(main) ok'
    set_color normal
end
