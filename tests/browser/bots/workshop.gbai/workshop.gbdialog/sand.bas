DESCRIPTION "Sands something."
TALK "It is smooth now."
