' The tests look at the page around this bot, and press the button of a script that does not compile.
TALK "The workshop is open."
CLEAR SUGGESTIONS
ADD SUGGESTION TOOL "saw" AS "Saw something"
ADD SUGGESTION TOOL "sand" AS "Sand something"
