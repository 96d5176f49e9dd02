' The tables of the shop. They are made when the package is published; a column that is added here later is added
' to the table that exists.

TABLE products
    sku string(12) key
    title string(80)
    category string(40)
    price number(10,2)
    stock integer
    about text
END TABLE

TABLE orders
    code string(12) key
    sku string(12) references products
    title string(80)
    quantity integer
    total number(10,2)
    customer string(100)
    email string(200)
    placed datetime
END TABLE
