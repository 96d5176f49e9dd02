' The dialog of the benches: a counter that lives between turns, as in the echo bot of the peer.

TALK "Say something."
n = 0
WHILE TRUE
    HEAR words
    TALK "[" + n + "] You said: " + words
    n = n + 1
WEND
