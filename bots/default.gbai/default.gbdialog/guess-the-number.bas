DESCRIPTION "Plays a guessing game: the bot thinks of a number between 1 and 20."

CONST LARGEST = 20
secret = RANDOM(1, LARGEST)
tries = 0

TALK "I am thinking of a number between 1 and ${LARGEST}."

DO WHILE TRUE
    ' INTEGER accepts 7, " 7 " and 1,000, and asks again for anything that is no whole number.
    HEAR guess AS INTEGER WITH "What is your guess? (0 gives up.)"
    tries = tries + 1

    IF NOT guess THEN
        TALK "It was **${secret}**. Come back any time!"
        EXIT
    END IF

    IF guess = secret THEN
        EXIT DO
    ELSEIF guess < secret THEN
        TALK "Higher!"
    ELSE
        TALK "Lower!"
    END IF
LOOP

IF tries = 1 THEN
    TALK "**${secret}**, at the first try? You read my mind!"
ELSE
    TALK "Yes, **${secret}**! You found it with ${tries} guesses."
END IF
