' No key that is the visitor's name: a second row must be possible, so that it can be noticed.
TABLE visits
    visitor string(80)
END TABLE
TABLE notes
    visitor string(80)
    what string(10)
END TABLE
