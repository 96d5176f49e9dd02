DESCRIPTION "Saws something."
TAKL "This line has the mistake that the owner's page shows."
