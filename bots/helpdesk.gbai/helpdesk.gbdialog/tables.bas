' What a ticket is made of. The team works on the rows of this table: it fills in state and answer.

TABLE tickets
    code string(12) key
    person string(100)
    email string(200)
    topic string(40)
    since date
    affected integer
    problem text
    priority string(10)
    state string(20)
    answer text
    opened datetime
END TABLE
