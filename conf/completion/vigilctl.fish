# Completion of vigilctl for fish: verbs, names of daemons, addresses in the state.
#
# The choices come from vigilctl itself, with the same -s and -c as on the command line.

function __vigilctl_ask
    set -l words (commandline -opc)
    set -l ask $words[1]
    for i in (seq 2 (count $words))
        contains -- $words[$i] -s -c --socket --config; and set -a ask $words[$i] $words[(math $i + 1)]
    end
    $ask $argv 2>/dev/null
end

# The verb on the command line, if any.
function __vigilctl_verb
    set -l words (commandline -opc)[2..-1]
    while set -q words[1]
        switch $words[1]
            case -s -c -o --socket --config --output
                set -e words[1]
            case '-*'
            case '*'
                echo $words[1]
                return
        end
        set -e words[1]
    end
end

function __vigilctl_verb_is
    contains -- (__vigilctl_verb) $argv
end

function __vigilctl_verbs
    __vigilctl_ask help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
end

function __vigilctl_names
    __vigilctl_ask status | awk 'NR > 1 { print $1 }'
end

function __vigilctl_services
    __vigilctl_ask services | awk 'NR > 1 { print $1 }'
end

# The addresses one step below what has been typed; JSON is printed with one member per line.  A key
# that JSON has to escape is left out.
function __vigilctl_pointers
    set -l above (string replace -r '/[^/]*$' '' -- (commandline -ct))
    __vigilctl_ask -o json get "$above" |
        sed -n 's/^  "\([^"\\]*\)": .*/\1/p' | sed -e 's/~/~0/g' -e 's,/,~1,g' -e "s,^,$above/,"
end

complete -c vigilctl -f
complete -c vigilctl -n 'test -z (__vigilctl_verb)' -a '(__vigilctl_verbs)'
complete -c vigilctl -s s -l socket -r -F -d 'the control socket'
complete -c vigilctl -s c -l config -r -F -d 'the configuration'
complete -c vigilctl -s o -l output -x -a 'table json' -d 'the output format'
complete -c vigilctl -n '__vigilctl_verb_is get watch check' -a '(__vigilctl_pointers)'
complete -c vigilctl -n '__vigilctl_verb_is status explain run call start stop restart unregister pause resume check' -a '(__vigilctl_names)'
complete -c vigilctl -n '__vigilctl_verb_is services' -a '(__vigilctl_services)'
complete -c vigilctl -n '__vigilctl_verb_is services' -s u -l unprotected
complete -c vigilctl -n '__vigilctl_verb_is services' -s v -l verbose
complete -c vigilctl -n '__vigilctl_verb_is services' -l register
complete -c vigilctl -n '__vigilctl_verb_is status' -l watch
complete -c vigilctl -n '__vigilctl_verb_is status' -s v -l verbose
complete -c vigilctl -n '__vigilctl_verb_is status' -s w -l worst
complete -c vigilctl -n '__vigilctl_verb_is pause resume' -l all
complete -c vigilctl -n '__vigilctl_verb_is pause' -l for -x
complete -c vigilctl -n '__vigilctl_verb_is pause' -l reason -x
complete -c vigilctl -n '__vigilctl_verb_is reload services start stop restart' -l dry-run
complete -c vigilctl -n '__vigilctl_verb_is log' -a 'error warning notice info debug'
complete -c vigilctl -n '__vigilctl_verb_is help' -a '(__vigilctl_verbs)'
complete -c vigilctl -n '__vigilctl_verb_is module' -a 'new test'
