' Talks, asks, waits, inserts, posts, asks again and reads back: every kind of effect, so that a server may die at any of them.

ADD TOOL "jot"
TALK "Welcome."
HEAR name WITH "Who are you?"
TALK "Good to see you, ${name}."
WAIT 0.3
TALK "I write that down."
INSERT INTO "visits" WITH visitor = name
first = POST target + "/first/" + name, name
TALK "The first message is out: ${first.status}."
WAIT 0.1
HEAR mood WITH "How are you?"
second = POST target + "/second/" + name, mood
visits = FIND "visits" WHERE visitor = name
TALK "You are ${mood}, the second message is out: ${second.status}, and you were here ${LEN(visits)} time."
