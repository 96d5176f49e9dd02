//! Snippets of the language reference (conformance list and quirks), in groups: each snapshot shows the
//! script and what the parser made of it.

use crate::check;

/// Parses every snippet of a group; `---` on a line of its own separates them.
fn group(name: &str, snippets: &str) {
    let shown: Vec<String> =
        snippets.trim_matches('\n').split("\n---\n").map(|source| format!("{source}\n=>\n{}", check(source))).collect();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, shown.join("\n"));
    });
}

#[test]
fn lexical() {
    group(
        "lexical",
        r#"
talk "a"
X = 1
TALK x + 1
---
' c
REM c
// c
# c
TALK "it's" ' tail
x = 'b'
y = [ 'a', 'it''s' ]
TALK x 'not a text
REMEMBER "a", 1
---
TALK "a\nb \"q\" ""d"" \t\\ \x"
TALK "q ${1 + 2} ${items[k].produto.id} ${TOYAML(products)}"
TALK "{n} ${{m}} #{x} {{name}} costs $5 ${"
TALK "k ${GET BOT MEMORY("k")} ${a ? "y" : "n"} ${o["k"]}" + "${" + "}"
---
TALK "a" + _
 "b"
body = "first
second ${name}
third" + x
list = [1,
  2, ' two

  3,
]
total = a +
  b
flag = a
  AND b
---
o = #{ "a": 1, b: { c: [1, {}] }, }
p = { a: 1, content-type: "x" }
#{ this is a comment }
preço = 1
from = 1; to = 2;
TALK from + to
name$ = "x"
TALK LEFT$(name$, 2)
n = 0x3C + .5 + 1e3 + 3.14 + 99999999999999999999 + -7
"#,
    );
    let crlf = check("TALK \"a\"\r\nx = \"b\r\nc\"\r\n");
    assert_eq!(crlf, check("TALK \"a\"\nx = \"b\nc\"\n"));
    assert_eq!(check("\u{feff}TALK 1"), check("TALK 1"));
}

#[test]
fn expressions() {
    group(
        "expressions",
        r#"
TALK 7 / 2 MOD 3 * 4 % 5
TALK 2 ^ 3 ^ 2
TALK -2 ^ 2
TALK 0 - x
TALK NOT 1 = 2
TALK NOT stock OR y
TALK a + 1 & b = c AND d OR e XOR f && g || h
TALK o?.a?.b
TALK o?.[0].x[1]["k"]
TALK 3 IN [1,3]
TALK x NOT IN (1, 2) AND y IN (list) AND z IN names
TALK "ab" LIKE "a%" OR a ILIKE "B" OR "ab" CONTAINS "b" OR x NOT LIKE "y"
v = true ? "y" : n ? 1 : .5
TALK NULL ?? 4 ?? 5
TALK 1 <> 2 != 3 == 4
TALK x BETWEEN 1 AND 2 + 3 AND y IS NULL AND z IS NOT NULL
TALK !a = b
---
a[3] = 9
o.new = 5
o.p.q = 1
o["k"] = 2
a[i].f = v
SET obj.f = v
LET y = 3
DIM arr(5), other
arr(0) = arr(1) + 2
CONST MAX_SIZE = 4
REDIM arr(10)
---
x = UBOUND(a) - 1
y = text.trim().length
ids.splice(k, 1)
PUSH list, v
PUSH(list, v)
order.items.push({ a: 1 })
z = MAX a, b
w = FIRST list, 10
q = IF(a > 1, "x", "y") + IIF(b, 1, 2)
r = ARRAY(1, 2)
s = NEW ARRAY
t = NEW OBJECT
u = CREATE OBJECT
first = meal["strIngredient" + i]
---
key = "PO-" + FORMAT NOW() AS "YYYYMMDD" + "-" + FORMAT RANDOM(1000, 9999)
id = FORMAT GUID()
j = FORMAT po AS JSON
d = DATEADD today, "days", n
FORMAT x, "p"
IF LEN name > 3 AND LEN(x) = 2 THEN TALK "long"
today = NOW()
"#,
    );
}

#[test]
fn control() {
    group(
        "control",
        r#"
IF a = 1 THEN
  TALK "1"

ELSE IF a = 2 THEN
  TALK "2"
ELSEIF a = 3 THEN
  TALK "3"
ELSE
  TALK "4"
END IF
IF n = "" THEN n = 0 ELSE TALK n
IF a THEN
ENDIF
if (x) THEN
  TALK 1
end if 
IF c GOTO done
IF a THEN IF b THEN TALK 1 ELSE TALK 2
done:
---
FOR EACH x IN FIND "t" DO
  IF x THEN EXIT FOR
END FOR
FOR EACH a IN b
  FOR EACH c IN d
  NEXT
NEXT a
FOR i = 3 TO COUNT(list) STEP -1
  CONTINUE FOR
NEXT i
FOR EACH y IN list
End For
WHILE x = true DO
  EXIT WHILE
END WHILE
WHILE x
WEND
DO WHILE a < 3
  EXIT DO
LOOP
DO UNTIL a
LOOP
DO
LOOP WHILE b
DO
  EXIT LOOP
LOOP UNTIL c
---
SELECT CASE x
  CASE 1, "json"
    SELECT CASE y
      CASE ELSE
        TALK "inner"
    END SELECT
  CASE 1 TO 5
  CASE IS >= 3, abc
    TALK "b"
  CASE ELSE
    TALK "else"
END SELECT
SWITCH status
  CASE "open":
    TALK 1
  DEFAULT
    TALK 2
END SWITCH
SELECT z
  CASE abc
END SELECT
---
FUNCTION f(a, BYREF b AS string)
  RETURN a + b
END FUNCTION
SUB show(product)
  product.price = 2
  IF a THEN EXIT SUB
  GOTO out
out:
END SUB
CALL show(p)
show p
show(p)
CALL "file.bas"
CALL other
RUN "x.bas"
INCLUDE "lib.bas"
x = f(1, 2) + fromLib(3)
GOSUB label
EXIT
label:
RETURN
---
ON ERROR RESUME NEXT
IF NOT ERROR AND ERR <> 0 THEN TALK ERROR MESSAGE + ERROR_MESSAGE + ERR.MESSAGE$ + ERR_DESCRIPTION()
CLEAR ERROR
ERR.CLEAR
ON ERROR GOTO 0
ON ERROR GOTO failed
TRY
  THROW "m"
  RAISE "n"
CATCH e
  TALK e.message
FINALLY
  TALK "done"
END TRY
ASSERT x > 1, "m"
ERROR("m")
RETURN
failed:
RESUME NEXT
END
"#,
    );
}

#[test]
fn blocks_and_declarations() {
    group(
        "blocks",
        r#"
WITH result
  a = 1

  .b = a
  .1 = "one"
  to = to
  date = date
  item = { id: p.Id, "n": 2 }
END WITH
---
BEGIN TALK
  Hello ${name}, it's "ok" {loja}

    REM indented
  END IF
  end talk soon
end  talk
IF a THEN
  BEGIN SYSTEM PROMPT
  You are ${role}. ${TOYAML(products)}
  END SYSTEM PROMPT
END IF
BEGIN MAIL user@example.com
Subject: Hi ${name}

Body line
END MAIL
BEGIN MAIL customer.email
No subject
END MAIL
---
RETURN WITH a AS 1, b AS "x" + y
"#,
    );
    group(
        "declarations",
        r#"
#workflow
PARAM name AS string LIKE "Ana" DESCRIPTION "Who"
PARAM  n AS number LIKE 52.52 OPTIONAL
PARAM day AS date LIKE 25/12/2024 REQUIRED
PARAM kind AS "a", "b", "c"
PARAM what AS "free text"
PARAM status AS string ENUM ["open", "closed"] DEFAULT "open"
PARAM o AS object LIKE { id: 1, tags: ["x"] }
PARAM a, b
DESCRIPTION Gets the price of a product, it's fast
---
PARAM email AS email
DESCRIPTION "E-mail of the student"

DESCRIPTION "Enrols a student"
ALLOW ROLE "admin"
WEBHOOK "order-received"
SET SCHEDULE "0 30 22 * * *"
SET SCHEDULE "every 5 minutes", "job.bas"
SET SCHEDULE "59 * * * *" "job.bas" "arg"
SET SCHEDULE "nightly" TO "0 2 * * *"
  TALK "x"
END SCHEDULE
IF a THEN
  SET SCHEDULE "1 * * * *" "job.bas" "arg"
END IF
SET SCHEDULE due, "file.bas"
---
ON INSERT OF "orders"
  TALK "new"
END ON
ON EMAIL "a@b.c" FROM "x" SUBJECT "y"
END ON
ON CHANGE "gdrive:///f" EVENTS "create, modify"
END ON
ON FORM SUBMIT "contact"
  x = fields.name
END ON
ON "order:paid" CALL Handler
ON EVENT "e" DO
END ON
SUB Handler
END SUB
---
ON UPDATE OF "t"
TALK "whole script"
---
TABLE Visits ON crmdb READ BY "staff;admin" WRITE BY "admin"
    Id number key
    Person_id number references People
    When datetime
    Fee double(10,2)
    Note* string(max)
    Code* string(20)
    FIELD extra AS text READ BY "admin"
    Owner People
    Odd whatever
END TABLE
TABLE People
    Id string(40) key
    Name string
END TABLE
TABLE orders
    id UUID PRIMARY KEY DEFAULT uuid_generate_v4(),
    number VARCHAR(40) UNIQUE NOT NULL,
    total DECIMAL(15,2) NOT NULL DEFAULT 0 CHECK (total >= 0),
    status VARCHAR(20) DEFAULT 'open',
    half DECIMAL(15,2) GENERATED ALWAYS AS (total / 2) STORED,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    payload JSONB,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(number, status),
    CHECK (status IN ('open', 'closed')),
    FOREIGN KEY (a, b) REFERENCES t(c, d)
END TABLE
CREATE INDEX idx_orders ON orders(status, number)
CREATE UNIQUE INDEX ux ON orders(number DESC)
"#,
    );
}

#[test]
fn hear() {
    group(
        "hear",
        r#"
HEAR v
HEAR v AS email
HEAR v AS INTEGER WITH "Age?" DEFAULT 3
HEAR v WITH "Name, please"
HEAR v AS "A", "B", "C"
HEAR v AS "done", *
HEAR v AS "Yes"
HEAR v AS "integer"
HEAR choice AS "What would you like?"
HEAR v AS list
HEAR v AS options.sizes
HEAR v AS DATE WITH "When?" DEFAULT today
v = HEAR "prompt"
v = HEAR
v = HEAR AS BOOLEAN WITH "Sure?"
HEAR "prompt" AS v INTEGER
HEAR v AS IMAGE "Send a photo"
HEAR AS v
HEAR name$
HEAR user.phone AS MOBILE
HEAR card AS CREDIT CARD
list = ["a", "b"]
---
HEAR v AS EMIAL
HEAR
"#,
    );
}

#[test]
fn keywords() {
    group(
        "keywords",
        r#"
TALK
to = 1
TALK to
TALK TO "whatsapp:+55", "x"
TALK(a) + b
TALK ("a") + "b"
ADD SUGGESTION "key" AS "label"
ADD SUGGESTION "label"
ADD_SUGGESTION "label", "action:x"
ADD SUGGESTION TOOL "t" AS "label"
USE_KB("n")
USE KB "edu.gbkb"
ADD_KB kbname
CLEAR KB ALL
CLEAR KB "x"
CLEAR KB
SET CONTEXT text
SET CONTEXT "name" AS text + "x"
SET CONTEXT "name", text
SET HEADER "a" = "b"
SET HEADER "a" As "Basic " + GET BOT MEMORY("k")
SET HEADER "a", uuid
Set PAGE MODE "none"
IF NOT CONTINUATION TOKEN THEN TALK "end"
x = KB STATISTICS
x = JSON PARSE stats
SET "session.po_id" = v
SET role, role
role = GET role
REMEMBER "po_" + id = obj
SEND FILE f, "caption"
SEND FILE TO "x:y", f
SEND EMAIL to, "text"
SEND MAIL to, "s", "first
second" + x + "
third", ATTACHMENT f
SEND MAIL to, "s", "b" USING "acct" ATTACHMENT f
RETURN PRODUCT id
---
x = LLM "Classify " + y 
  WITH OPTIMIZE FOR "speed"
  WITH MAX_COST 3
ADD BOT "n" WITH TRIGGER "a, b"
y = DELEGATE msg TO BOT "n" TIMEOUT 30
WITH obj
  a = 1
END WITH
link = GENERATE SECURE LINK a + b EXPIRES 7 DAYS
o = { "ip": GET SESSION "client_ip", "h": FIND "t" WHERE a = b, "z": 1 }
WEBHOOK POST "/p" WITH { "a": 1 }
POST u BODY b HEADERS h
POST u WITH a = x, b = y
r = POST u, body
GET u INTO v
p = GET "purchase.vendor_code"
purchase = 1
CREATE_TASK title, "high", who
files = DIR folder
UPLOAD item
DELETE item
RUN PYTHON "print(1)"
list = LIST "inbox/" FILTER "*.pdf" RECURSIVE
n = list
SAVE_FROM_UNSTRUCTURED "t", FORMAT po AS JSON
PLAY "video.mp4"
---
x = FIND "t"
x = FIND "t", "status=open"
x = FIND Products WHERE price > 3
x = FIND ".Produtos", filter + "x"
x = FIND "t" WITH "f=1" ORDER BY a, b DESC LIMIT 5 OFFSET 2
email = "a"
x = FIND "t" WHERE email = email AND request_id = user.id AND LOWER(name) = LOWER(other) ORDER BY x DESC LIMIT n
x = FIND "t" WHERE (a = 1 OR b IN (1, y)) AND c BETWEEN low AND 5 AND created > TODAY AND d IS NULL
IF FIND "t" WHERE a = 1 AND b = 2 THEN TALK 1
IF GET SESSION "role" = "admin" AND x THEN TALK 2
low = 1
UPDATE "t" SET n = n + 1, b = email WHERE id = email
UPDATE "t" WITH status AS "open" WHERE id = low
SAVE "t", id, po.total, low, "x"
SAVE "t" WITH a AS email, b AS unknown
SAVE orders TO "t"
INSERT INTO "t" VALUES { a: 1 }
INSERT INTO "x.csv", email, low
DELETE FROM "t" WHERE a = low
DELETE "t", "a=1"
DELETE "https://x"
x = FIND "t", "id=" + id + " AND name = '" + first + " " + last + "' OR code LIKE '%${code}%'"
x = FIND "t", "a=1" + more
x = FIND "t", "id IN (" + ids + ")"
x = FIND "t", "created > NOW() AND id=" + id
where = "b=2"
x = FIND "t", where + " AND a=1"
MERGE "t" WITH rows BY "Key"
r = FILTER(rows, "a > 1")
r = FILTER rows WHERE item.size > low
s = SELECT c.Name as name, SUM(Total * 2) AS t, YEAR(d) + '/' + MONTH(d) FROM billing AS b
    JOIN Customers ON b.id = Customers.id
    GROUP BY name
    WHERE CustomerID = loopvar.CustomerID
FOR EACH loopvar IN r
NEXT
"#,
    );
}

#[test]
fn diagnostics() {
    group(
        "diagnostics",
        r#"
TLAK "hi"
SET CONTXT "a", "b"
IF a = 1
  TALK 1
END FI
---
IF a THEN
  TALK "1"
---
FOR EACH x IN y
  IF x THEN
NEXT
x = FIND "t", "a = 'x"
TALK LEN("a"
TALK "after"
---
TALK "not closed
TALK "next"
TALK "x" "y"
---
x = (1 + 2
y = [1, 2
TALK "ok"
z = UPPPER("a")
w = LEN(1, 2)
x += 1
---
TALK “curly”
GOTO nowhere
l:
l:
END FOR
WEND
EXIT FOR
CONST k = 1
k = 2
---
PARAM x AS string LIEK "a"
WEBHOOK "bad name"
ON INSRT OF "t"
SET CONTEXT "name" WITH "x"
x = TALK "a"
y = 1 +
z = * 2
TALK "a ${1 +} b"
---
IF a THEN
  SUB s
  END SUB
END IF
SUB s
END SUB
SELECT CASE x
  TALK "never"
  CASE 1
END SELECT
RETURN 1
TALK "unreachable"
---
TALK a b c
	TALK	"ö" é ö
TALK 12abc
BEGIN TALK
never closed
---
x = FIND "t" LIMIT 1 LIMIT 2
HEAR v AS DATTE
TABLE T
  Id
  Name string(x)
  Price number foo
END TABLE
---
TALK "Dear ${name, welcome"
TALK "Dear ${name}, you owe ${sum"
TALK "a \${name b ${{x}} ${} $ {y} ${ and ${3"
BEGIN TALK
Hello ${name,
it costs $5 or ${price}
END TALK
---
TALK "z ${"
HEAR q WITH "w ${ "
TALK "a ${""b"
TALK "${IF(q = \"${\", 1, 2)}"
BEGIN TALK
The end: ${
END TALK
"#,
    );
}

#[test]
fn quirks() {
    group(
        "quirks",
        r#"
billing = FIND "Orders"
x = SELECT SUM(UnitPrice * Quantity) AS Value, MONTH(OrderDate)+'/'+YEAR(OrderDate) from billing 
    JOIN Customers ON billing.CustomerID = Customers.CustomerID
    GROUP BY MONTH(OrderDate), YEAR(OrderDate)
SendTo = "x"
REM SET SCHEDULER "1 * * * *"
FOR EACH item IN list DO
  list = GET "https://api.example.com/" + host + "/items?page=${pages}"
  IF list?.data?.items AND UBOUND(list.data.items) > 0 && item.name.trim().length > 0 THEN
    arr[k] = item.pCToBC
  END IF
END FOR
---
IF a THEN TALK b ELSE TALK c
IF a THEN RETURN
IF a THEN EXIT
IF a THEN HEAR y AS EMAIL
IF a THEN x = 1 ELSE IF b THEN x = 2 ELSE x = 3
RETURN FIND "t" WHERE id = id
---
WHILE more = true DO
  HEAR action AS "done", *
  IF action = "done" THEN
    more = false
  ELSE
    SAVE "items.csv", action, price
  END IF
END WHILE
body = "Dear ${name},

your request '" + request_id + "' REM is " + IF(done, "closed", "open
since then") + "."
SEND MAIL email, "Status", body, ATTACHMENT "a.pdf"
status = level = 1 ? "low" : "high " + (x CONTAINS "y" ? 1 : 2)
SAVE_FROM_UNSTRUCTURED "po", FORMAT po AS JSON
INSERT INTO "log.csv", NOW() + 15 * 60, "a" + b
CALL "start.bas"
RETURN { status: "ok", items: FIND "t", n: [1, -2] }
---
FUNCTION pull(page)
  rows = GET host + "/items?page=" + page
  SAVE "maria.Items", rows
END FUNCTION
pull(1)
call pull(2)
TABLE Contracts ON maria
  Id* number key
  CustomerId Customers
  Notes string(max)
END TABLE
---
text = "hello"
to = text
step = 1
next = 2
case = 3
data = 4
end = 5
loop = 6
TALK text + to + step + next + case + data + end + loop
FOR i = 1 TO count STEP step
NEXT
x = list
list.name = "a"
TALK format.x
get = 1
TALK get
set = 2
LET with = 3
hear = 4
"#,
    );
}

#[test]
fn filters_and_rows() {
    group(
        "filters_and_rows",
        r#"
o = { id: 1 }
SAVE "t" o
SAVE t { id: 2 }
IF o THEN SAVE "t" o ELSE SAVE "u" o
r = SELECT * FROM t WHERE id = 1
n = count * 2
---
x = FIND "t", "7"
y = FIND "t", "k5"
z = FIND "t", "${id}"
w = FIND "t", "id = ${id}"
---
f = "name = '" + name + "'"
r = FIND "t", f
g = "status = 'open'"
g = g + " AND total > 5"
s = FIND "t", g
h = "a LIKE '${x}%'"
DELETE "t", h
id = "o-" + number
u = FIND "t", id
---
r = FILTER(rows, "name = '" + name + "'")
s = FILTER rows WHERE age > least
t = FILTER(rows, f)
f = "a = " + x
l = FIRST [1, 2, 3], 2
m = first [0]
n = count -1
count = 2
"#,
    );
}
