' The Corner Shop sells tea and what belongs to it. Everything it knows is in two tables (tables.bas); the products
' come from shop.gbdata/products.csv.

' A script with a DESCRIPTION is a tool. Buttons run it directly; with a language model, the model calls it when
' somebody writes "do you have green tea?" and fills in the parameters.
ADD TOOL "find-product"
ADD TOOL "place-order"
ADD TOOL "track-order"

SET CONTEXT "shop" AS "Prices are in euros and include delivery. Orders are packed within a day and arrive after three."

CLEAR SUGGESTIONS
ADD SUGGESTION TOOL "find-product" AS "Find something"
ADD SUGGESTION TOOL "place-order" AS "Order"
ADD SUGGESTION TOOL "track-order" AS "Where is my order?"

BEGIN TALK
Welcome to **The Corner Shop**! 🫖

Leaf tea, pots and cups, sent to your door. Look around, order when you find something you like, and ask me any time where your parcel is.
END TALK
