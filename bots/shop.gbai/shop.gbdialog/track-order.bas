PARAM code AS string LIKE "TEA-4F09AC" DESCRIPTION "The order number" OPTIONAL
DESCRIPTION "Tells where an order is. Needs the order number; asks the person for the e-mail address of the order."

IF NOT code THEN
    HEAR code WITH "What is your order number? It looks like *TEA-4F09AC*."
END IF

' The number alone is not enough: whoever finds it on a desk should not learn what is in the parcel.
HEAR email AS EMAIL WITH "And the e-mail address that you gave?"

code = UCASE(TRIM(code))
purchase = FIND "orders" WHERE code = code AND email = email LIMIT 1

IF NOT purchase THEN
    TALK "I cannot find an order **${code}** with this e-mail address. Please check both."
    RETURN "No order with this number and e-mail address."
END IF

' A shop with a warehouse would write the state into the table; this one goes by the clock.
hours = DATEDIFF("hour", purchase.placed, NOW())
IF hours < 24 THEN
    state = "being packed"
ELSEIF hours < 72 THEN
    state = "on its way to you"
ELSE
    state = "delivered"
END IF

TALK "**${code}**: ${purchase.quantity} × ${purchase.title}, ordered on ${FORMAT(purchase.placed, "d MMMM yyyy")}. Your parcel is **${state}**."
RETURN "The order is " + state + "."
