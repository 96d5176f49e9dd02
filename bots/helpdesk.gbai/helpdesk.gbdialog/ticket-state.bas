PARAM code AS string LIKE "HD-4F09AC" DESCRIPTION "The number of the ticket" OPTIONAL
DESCRIPTION "Tells how a ticket stands. Needs its number; asks the person for the e-mail address of the ticket."

IF NOT code THEN
    HEAR code WITH "Which ticket? Its number looks like *HD-4F09AC*."
END IF

' A number can be overheard; number and address together are known to the person who opened the ticket.
HEAR email AS EMAIL WITH "And your e-mail address, please."

code = UCASE(TRIM(code))
ticket = FIND "tickets" WHERE code = code AND email = email LIMIT 1

IF NOT ticket THEN
    TALK "I do not find a ticket **${code}** for this address. Shall we look at the number again?"
    RETURN "No ticket with this number and e-mail address."
END IF

opened = FORMAT(ticket.opened, "d MMMM yyyy, HH:mm")

SELECT CASE ticket.state
    CASE "open"
        TALK "**${code}** (${ticket.topic}) has been waiting since ${opened}. Its priority is ${ticket.priority}."
    CASE "working"
        TALK "Good news: somebody is working on **${code}** (${ticket.topic})."
    CASE "solved"
        TALK "**${code}** (${ticket.topic}) is solved. If it comes back, open a new ticket."
    CASE ELSE
        TALK "**${code}** (${ticket.topic}): ${ticket.state}."
END SELECT

IF ticket.answer THEN
    TALK "The team writes:\n\n> " + REPLACE(ticket.answer, "\n", "\n> ")
END IF

RETURN "The ticket is " + ticket.state + "."
