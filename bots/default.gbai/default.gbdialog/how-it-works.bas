DESCRIPTION "Explains how this bot is made and how to make another one."

BEGIN TALK
### A bot is a folder

```
hello.gbai/
  hello.gbdialog/start.bas      what it says
  hello.gbot/config.csv         how it is set up
  hello.gbtheme/logo.svg        how it looks
```

Put such a folder beside mine, and two seconds later the bot answers at `/hello`. Change a script, and the next conversation uses it. If the change has a mistake, you are told the line, and the version that worked stays.
END TALK

BEGIN TALK
This is a complete dialog:

```basic
HEAR city WITH "Where do you live?"
TALK "I would love to see " + city + " one day."
```

`botserver bot new hello` writes a first package with comments in every file. Two more bots come with the server and are worth reading: **shop** sells tea out of a table, **helpdesk** opens tickets.
END TALK
