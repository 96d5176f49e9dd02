DESCRIPTION "Asks the person a few friendly questions, to show how a bot checks and understands answers."

' HEAR waits for the next message. The word after AS says what kind of answer is wanted: the server checks it,
' asks again when it does not fit, and gives the script a clean value. Waiting costs nothing: the person may
' close the page, the server may restart, and the script goes on at this very line.

HEAR person AS NAME WITH "What shall I call you?"
IF NOT person THEN
    TALK "No name is fine too."
    person = "friend"
END IF

HEAR drink AS "Tea", "Coffee", "Neither" WITH "Nice to meet you, ${person}! What do you drink in the morning?"

SELECT CASE drink
    CASE "Tea"
        TALK "A pot of tea it is. 🍵"
    CASE "Coffee"
        TALK "Coffee, then. I run on electricity myself. ☕"
    CASE ELSE
        TALK "Also good: nobody has to wash a cup."
END SELECT

HEAR party AS DATE WITH "When do you have something to celebrate next? Write a date, or just *tomorrow*."

IF NOT party THEN
    TALK "Then let us celebrate today. Thank you for playing along, ${person}!"
    EXIT
END IF

days = DATEDIFF("day", TODAY(), party)

IF days < 0 THEN
    TALK "That was ${ABS(days)} days ago. I hope it was a good one, ${person}!"
ELSEIF days = 0 THEN
    TALK "That is today! Congratulations, ${person}! 🎉"
ELSEIF days = 1 THEN
    TALK "Tomorrow already! Have a wonderful day, ${person}. 🎉"
ELSE
    TALK "Only ${days} more days. Time to bake a cake, ${person}. 🎂"
END IF
