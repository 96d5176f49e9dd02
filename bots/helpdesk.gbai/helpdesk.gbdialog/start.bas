' The helpdesk opens tickets and tells how they stand. One dialog asks for everything a technician needs to know.

ADD TOOL "open-ticket"
ADD TOOL "ticket-state"

CLEAR SUGGESTIONS
ADD SUGGESTION TOOL "open-ticket" AS "Something is broken"
ADD SUGGESTION TOOL "ticket-state" AS "How is my ticket doing?"

BEGIN TALK
Hello, this is the helpdesk. 🛠️

Tell me what does not work, and I open a ticket for you. It takes a minute. You may leave in the middle and go on later: I remember where we were.
END TALK
