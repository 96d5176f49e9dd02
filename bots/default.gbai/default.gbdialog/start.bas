' start.bas runs once per conversation, when somebody opens the page or writes for the first time.
' It greets, and it offers what this bot can do as suggestions: buttons that run a script.

' With a language model, these scripts are also tools that the model may call by itself.
ADD TOOL "ask-me"
ADD TOOL "guess-the-number"
ADD TOOL "how-it-works"

CLEAR SUGGESTIONS
ADD SUGGESTION TOOL "ask-me" AS "Let me ask you something"
ADD SUGGESTION TOOL "guess-the-number" AS "Play a little game"
ADD SUGGESTION TOOL "how-it-works" AS "How does this work?"

hours = HOUR(NOW())
IF hours < 12 THEN
    greeting = "Good morning"
ELSEIF hours < 18 THEN
    greeting = "Good afternoon"
ELSE
    greeting = "Good evening"
END IF

BEGIN TALK
${greeting}, and welcome! 👋

I am the bot that comes with your new server: a folder with a few short scripts. I can

- **ask questions** and understand the answers,
- **play a game** that waits patiently for you,
- **show how I am made**, so that you can make a bot of your own.

Pick one of the buttons below.
END TALK
