HEAR email AS EMAIL WITH "Your e-mail?"REM 
TALK "Writing to ${email}."
TALK "a" rem
