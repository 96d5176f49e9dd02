PARAM what AS string LIKE "green tea" DESCRIPTION "A word of the name, the category or the description" OPTIONAL
DESCRIPTION "Finds products of the shop by a word, and shows their names, prices and whether they are in stock."

' A model gives the parameter. When a button started this script there is none, so we ask.
IF NOT what THEN
    HEAR what WITH "What are you looking for? Try *green*, *pot* or *gift*."
END IF

pattern = "%" + TRIM(what) + "%"
found = FIND "products" WHERE title ILIKE pattern OR category ILIKE pattern OR about ILIKE pattern ORDER BY title LIMIT 6

IF NOT found THEN
    TALK "I have nothing that fits “${what}”, sorry. We have green and black tea, herbs, pots, cups and gifts."
    RETURN "No product fits the search."
END IF

list = ""
FOR EACH product IN found
    IF product.stock > 0 THEN
        hint = "in stock"
    ELSE
        hint = "sold out at the moment"
    END IF
    list = list + "- **" + product.title + "**, € " + FORMAT(product.price, "0.00") + " (" + hint + ")\n  " + product.about + "\n"
NEXT

IF COUNT(found) = 1 THEN
    TALK "This is what I found:\n\n" + list
ELSE
    TALK "Look what I found:\n\n" + list
END IF

RETURN found
