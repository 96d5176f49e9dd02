DESCRIPTION "Opens a ticket for something that does not work. Asks the person for everything that is needed."

' Each HEAR checks its answer and asks again up to three times. When nothing useful came, the value is empty and
' the script decides what to do.

HEAR person AS NAME WITH "Let us start with your name, please."
HEAR email AS EMAIL WITH "Where can we write to you? Your e-mail address, please."

IF NOT email THEN
    TALK "Without an address we could not answer you. Come back when you have one at hand."
    RETURN "No ticket was opened: there is no e-mail address."
END IF

IF NOT person THEN
    person = email
END IF

HEAR topic AS "Computer", "Network", "Printer", "Account", "Something else" WITH "What is it about?"
IF NOT topic THEN
    topic = "Something else"
END IF

HEAR since AS DATE WITH "Since when? A date will do, or *today*, or *yesterday*."

IF NOT since THEN
    since = TODAY()
ELSEIF since > TODAY() THEN
    TALK "That is in the future, so let us say it began today."
    since = TODAY()
END IF

HEAR affected AS INTEGER WITH "How many people cannot work because of it? (0 if it is only annoying.)"
HEAR problem WITH "Now tell me in a few words what happens."

IF affected >= 10 THEN
    priority = "high"
    promise = "within the hour"
ELSEIF affected > 0 THEN
    priority = "normal"
    promise = "today"
ELSE
    priority = "low"
    promise = "within three days"
END IF

code = "HD-" + UCASE(RIGHT(GUID(), 6))

WITH ticket
    code = code
    person = person
    email = email
    topic = topic
    since = since
    affected = affected
    problem = problem
    priority = priority
    state = "open"
    opened = NOW()
END WITH

INSERT INTO "tickets" VALUES ticket

BEGIN TALK
Thank you, ${person}. Your ticket is **${code}**.

- About: ${topic}
- Since: ${FORMAT(since, "d MMMM yyyy")}
- Priority: ${priority}

Somebody will look at it ${promise} and write to ${email}. Ask me for the state whenever you like.
END TALK

RETURN "The ticket " + code + " is open with priority " + priority + "."
