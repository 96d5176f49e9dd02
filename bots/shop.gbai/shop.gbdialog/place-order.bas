PARAM product AS string LIKE "Sencha" DESCRIPTION "The name of the product, as find-product shows it" OPTIONAL
PARAM quantity AS integer LIKE 2 DESCRIPTION "How many" OPTIONAL
DESCRIPTION "Orders a product. Asks for whatever is still missing and for a confirmation before it orders."

' --- What? -------------------------------------------------------------------------------------------------------
IF product THEN
    item = FIND "products" WHERE title ILIKE product AND stock > 0 LIMIT 1
    IF NOT item THEN
        TALK "“${product}” is not in stock. This is what I could send today:"
    END IF
END IF

IF NOT item THEN
    available = FIND "products" WHERE stock > 0 ORDER BY title
    IF NOT available THEN
        TALK "Everything is sold out, can you believe it? New goods come on Monday."
        RETURN "Everything is sold out."
    END IF

    titles = []
    FOR EACH row IN available
        PUSH titles, row.title
    NEXT
    HEAR product AS titles WITH "What would you like?"
    item = FIND "products" WHERE title = product LIMIT 1
END IF

IF NOT item THEN
    TALK "Then let us leave it. The buttons are there when you change your mind."
    RETURN "The person did not choose a product."
END IF

' --- How many? ---------------------------------------------------------------------------------------------------
IF NOT quantity THEN
    HEAR quantity AS INTEGER WITH "How many of **${item.title}**? I have ${item.stock}."
END IF

DO WHILE quantity > item.stock
    HEAR quantity AS INTEGER WITH "I have only ${item.stock}. How many shall I send? (0 for none.)"
LOOP

IF NOT quantity OR quantity < 1 THEN
    TALK "No problem, nothing is ordered."
    RETURN "Nothing was ordered."
END IF

' --- For whom? ---------------------------------------------------------------------------------------------------
HEAR customer AS NAME WITH "Who is it for?"
HEAR email AS EMAIL WITH "And which e-mail address belongs to the order?"

IF NOT customer OR NOT email THEN
    TALK "Without a name and an e-mail address I cannot send anything. Nothing is ordered."
    RETURN "Nothing was ordered: name or e-mail address is missing."
END IF

total = quantity * item.price
amount = FORMAT(total, "0.00")

HEAR answer AS "Yes, order", "No" WITH "${quantity} × **${item.title}** for ${customer}: € ${amount} in all. Shall I order?"
IF answer <> "Yes, order" THEN
    TALK "Nothing is ordered. The tea will wait for you."
    RETURN "The person did not confirm; nothing was ordered."
END IF

' --- Take it from the stock, but only if it is still there: somebody else may have been faster. ------------------
taken = UPDATE "products" SET stock = stock - quantity WHERE sku = item.sku AND stock >= quantity
IF taken = 0 THEN
    TALK "Oh no, somebody was faster: there is not enough **${item.title}** left. Nothing is ordered."
    RETURN "Sold out meanwhile; nothing was ordered."
END IF

code = "TEA-" + UCASE(RIGHT(GUID(), 6))

WITH purchase
    code = code
    sku = item.sku
    title = item.title
    quantity = quantity
    total = total
    customer = customer
    email = email
    placed = NOW()
END WITH

INSERT INTO "orders" VALUES purchase

TALK "Thank you, ${customer}! Your order is **${code}**. Keep that number: with it and your e-mail address I can tell you where the parcel is."
RETURN "Ordered. The order number is " + code + "."
