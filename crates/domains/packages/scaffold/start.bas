' start.bas runs once per conversation: when somebody opens the page, or writes for the first time.
' Lines that begin with ' are comments.

' Scripts with a DESCRIPTION are tools: a language model, if one is configured, may call them.
ADD TOOL "order-coffee"

' Suggestions are buttons. This one runs the script order-coffee.bas.
CLEAR SUGGESTIONS
ADD SUGGESTION TOOL "order-coffee" AS "Order a coffee"

TALK "Hello, I am NAME! Shall I bring you a coffee?"
