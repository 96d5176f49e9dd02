' A tool that a model calls: inserts, posts, asks the person the second time, and reads back.

PARAM what AS STRING
DESCRIPTION "Writes something down"
INSERT INTO "notes" WITH visitor = session.id, what = what
sent = POST target + "/note-" + what + "/" + session.id, what
IF what = "b" THEN
    HEAR sure WITH "Sure?"
END IF
notes = FIND "notes" WHERE visitor = session.id
RETURN "noted ${what}, ${sent.status}, ${LEN(notes)} in all"
