' The bot of the browser tests: it waits for a command, does it, and waits for the next one.
TALK "Probe ready."
CLEAR SUGGESTIONS
ADD SUGGESTION TEXT "menu" AS "Show a menu"
ADD SUGGESTION TEXT "dialog" AS "Start the dialog"

DO
  HEAR command
  SELECT CASE command
    CASE "menu"
      TALK "Which colour?"
      HEAR colour AS "Red", "Green", "Blue"
      TALK "You chose " + colour + "."
    CASE "dialog"
      HEAR name AS NAME WITH "What is your name?"
      HEAR mail AS EMAIL WITH "What is your e-mail address?"
      HEAR day AS DATE WITH "On which day?"
      HEAR amount AS INTEGER WITH "How many?"
      HEAR sure AS BOOLEAN WITH "Are you sure?"
      TALK "Done: " + name + ", " + mail + ", " + day + ", " + amount + ", " + sure + "."
    CASE "suggest"
      HEAR label WITH "Which text?"
      CLEAR SUGGESTIONS
      ADD SUGGESTION TEXT label AS label
      TALK "Suggested."
    CASE "password"
      HEAR word AS PASSWORD WITH "What is the password?"
      TALK "Got the password."
    CASE "file"
      HEAR upload AS FILE WITH "Please send a file."
      TALK "Got the file."
    CASE "slow"
      WAIT 3
      TALK "Slow is done."
    CASE "fail"
      CALL fails
    CASE "table"
      BEGIN TALK
| a | b |
|--|--|
| 1 | 2 |

```js
let x = 1;
```

**bold** [link](https://example.com)
      END TALK
    CASE ELSE
      TALK command
  END SELECT
LOOP

SUB fails()
  x = "three" * 4
END SUB
