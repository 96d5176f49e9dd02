PARAM code AS string LIKE "A-1" DESCRIPTION "The number of the order"
DESCRIPTION "Looks up where an order is"
RETURN "Order " + code + " is on its way."
