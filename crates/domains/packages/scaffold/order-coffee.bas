' A tool: one script that people reach by a button, and a language model by its description.

PARAM size AS "Small", "Large" DESCRIPTION "How big the cup is" OPTIONAL
DESCRIPTION "Orders a coffee. Asks for what is missing."

' A model fills in the parameters that it knows. Whatever is missing, we ask.
' HEAR waits for the next message: for a second or for a week, through restarts of the server.
IF NOT size THEN
    HEAR size AS "Small", "Large" WITH "How big?"
END IF

' AS INTEGER checks the answer and asks again if it is no whole number. Others: EMAIL, DATE, MONEY, FILE …
HEAR sugar AS INTEGER WITH "How many pieces of sugar?"

' ${…} puts a value into a text.
TALK "One ${LCASE(size)} coffee with ${sugar} sugar, right away."

' What a model gets as the result.
RETURN "The coffee is ordered."
