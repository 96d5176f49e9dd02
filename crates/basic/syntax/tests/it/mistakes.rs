//! Mistakes that people make, coming from nowhere or from other languages: each snapshot shows the script and what is
//! said about it. What says nothing is understood.

use crate::{parse, render};

fn group(name: &str, snippets: &str) {
    let shown: Vec<String> = snippets
        .trim_matches('\n')
        .split("\n---\n")
        .map(|source| {
            let source = &source.replace("ZWSP", "\u{200B}");
            let parsed = parse(source);
            let said: String = parsed.diagnostics.iter().map(|found| render(found, source)).collect();
            format!("{source}\n=>\n{said}")
        })
        .collect();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, shown.join("\n"));
    });
}

#[test]
fn mistakes_of_form() {
    group(
        "mistakes_of_form",
        r#"
age = 5
IF age > 3 THEN
  TALK "old"
TALK "done"
---
IF a = 1 THEN
  TALK "1"
ELSE IF a = 2
  TALK "2"
ELSE
  TALK "3"
END IF
---
a = 1
IF a = 1
  TALK "one"
END IF
---
a = 1
IF a == 1 {
  TALK "one"
}
---
a = 1
if (a == 1) {
  TALK "one"
} else {
  TALK "two"
}
---
TALK Hello world
---
name = Ana Maria
---
TALK "Hello
name = "x"
TALK "bye"
---
TALK “Hello”
---
TALK ‘Hello’
---
x = (1 + 2 * 3
TALK x
---
x = 1 + 2) * 3
TALK x
---
FOR i = 1 TO 3
  FOR j = 1 TO 3
    TALK i
  NEXT i
NEXT j
---
Dim count As Integer
Dim name As String = "Bob"
count = 3
TALK name + count
---
// a comment
x = 1 // the first
TALK x
---
x = 1
IF x != 2 && x < 5 THEN
  TALK "ok"
END IF
---
x = 0
x += 1
x++
--x
TALK x
---
name = "Ana"
TALK f"Hello {name}"
---
f = lambda x: x + 1
TALK f(2)
---
f = x => x + 1
f = (x) => { return x + 1 }
---
function add(a, b) {
  return a + b
}
---
def add(a, b):
    return a + b
---
PRITN "hello"
---
WHLE x < 3
  x = x + 1
WEND
---
TALK
---
HEAR
---
HEAR age AS NUMER
---
HEAR age AS INTEGER, "How old?"
---
x = 1
TALK x
PARAM city AS string
TALK city
---
TABLE People
  Name strng
  Age number(abc)
  Born dat
END TABLE
---
	TALK	"tab"
    TALK "nbsp"
TALK "zeroZWSPwidth"
TALKZWSP "x"
---
SAVE "people"
---
SEND MAIL "a@b.c"
---
SEND MAIL "Subject", "a@b.c", "body"
---
x = LEFT("abc")
y = REPLACE("a", "b")
z = MID()
---
x = LEFT "abc" 2
---
let x = 1;
const y = 2;
var z = 3;
console.log(x);
---
print("hello")
---
print(f"hi {x}")
---
input = input("Name?")
---
for i in range(10):
    print(i)
---
for (let i = 0; i < 10; i++) {
  TALK i
}
---
while x < 10:
    x = x + 1
---
While x < 10
  x = x + 1
End While
---
Do While x < 3
  x = x + 1
End Do
---
SELECT CASE x
  CASE 1:
    TALK "a"
  CASE "b"
    TALK "b"
  OTHERWISE
    TALK "c"
END CASE
---
switch (x) {
  case 1:
    TALK "a"
    break;
  default:
    TALK "b"
}
---
try {
  x = 1
} catch (e) {
  TALK e
}
---
Try
  x = 1 / 0
Catch ex As Exception
  TALK ex.Message
Finally
  TALK "end"
End Try
---
MsgBox "hello"
InputBox "name"
Debug.Print "x"
---
x = InputBox("Name?")
---
Set obj = New Collection
obj.Add "x"
---
Private Sub Hello()
  TALK "hi"
End Sub
Public Function Add(ByVal a As Integer, ByVal b As Integer) As Integer
  Add = a + b
End Function
TALK Add(1, 2)
---
x = [1, 2, 3
TALK x
---
o = { name: "a", age: 3
TALK o.name
---
o = { name = "a" }
TALK o.name
---
x = None
y = True and not False
z = undefined
w = nil
---
TALK "a" "b"
---
TALK "a"; "b"
---
TALK "total: " total
---
x == 5
---
5 = x
---
IF x = 5 TALK "five"
---
IF x = 5 THEN TALK "five" END IF
---
IF x = 5 THEN
TALK "five"
ENDIF
END IF
---
elif = 1
IF x THEN
  TALK 1
ELIF y THEN
  TALK 2
END IF
---
FOR EACH x OF list
  TALK x
NEXT
---
FOR EACH x list
  TALK x
NEXT
---
FOR i = 1, 10
  TALK i
NEXT
---
FOR i = 1 TO 10 {
  TALK i
}
---
BEGIN TALK
Hello ${name}
---
BEGIN TALK
Hello
END TLK
TALK "x"
---
RETRUN 5
---
CALL
---
GOTO 10
---
10 PRINT "HELLO"
20 GOTO 10
"#,
    );
}

#[test]
fn mistakes_of_language() {
    group(
        "mistakes_of_language",
        r#"
x = GET
---
x = FIND people
---
x = FIND "people" WERE name = "a"
---
x = FIND "people" WHERE name = "a" ORDER name
---
USE KB
---
ADD TOOL
---
x = "it's" 's
---
x = 'it's'
---
TALK 'hello'
---
x = 1,5
---
x = 50%
---
x = 1_000
---
x = $100
---
TALK "100" + % 
---
x = @y
---
x = a ? b
---
x = "abc"[0]
TALK x.upper()
TALK len(x
---
TALK UCASE("a"))
---
END
END IF
---
x = TALK "hi"
---
EXIT SUB
---
BREAK
---
FOR i = 1 TO 3
  BREAK
NEXT
---
FOR i = 1 TO 3
  continue;
NEXT
---
import json
---
# comment
x = 1 # trailing
---
/* comment */
TALK "x"
---
<!-- c -->
TALK "x"
---
TALK `hello ${x}`
---
async function f() {}
---
x = await GET "http://a.b"
---
return;
---
ON ERROR
---
HEAR name AS
---
DESCRIPTION
TALK 1
---
PARAM
---
PARAM x
TALK x
---
PARAM x STRING
TALK x
---
WEBHOOK
---
TABLE
END TABLE
---
x = NOT
---
IF THEN
END IF
---
IF x = THEN
END IF
---
WITH
END WITH
---
x = {
  "a": 1,
  "b" 2
}
---
x = [1 2 3]
---
password = "hunter2secret99"
apikey = "sk-abcdefghijklmnop1234"
TLAK password = "sk-abcdefghijklmnop1234"
---
SET x TO 5
---
LET x 5
---
TALK "x" IF y
---
FUNCTION f(a b)
END FUNCTION
---
SUB a
  TALK 1
END FUNCTION
---
DO
  x = x + 1
UNTIL x > 5
---
REPEAT
  x = x + 1
UNTIL x > 5
---
LOOP 5 TIMES
---
IF x > 3 AND < 5 THEN
  TALK 1
END IF
---
IF x = 1 OR 2 THEN
  TALK 1
END IF
---
IF NOT x IS NULL THEN TALK 1
---
TALK "a" & b & 
---
x := 5
---
x <- 5
---
name$ = "a"
TALK name
---
DIM a(5) AS STRING
a(0) = "x"
TALK a(0)
---
x = y = z = 1
---
PRINT "a", "b"
---
PRINT "a" ; b
---
IF a = 1:
  TALK "x"
END IF
---
BEGIN SYTEM PROMPT
Be brief.
- and kind
END SYSTEM PROMPT
TALK "x"
---
GET https://example.com/a?b=1
---
x = a – b
---
IF a ≠ b THEN TALK 1
---
save “Log.xlsx”, today
---
TALK "abc”
---
TALK $"Hello {name}"
---
Dear team,
please find the plan below.
We start on Monday.
Each of us takes one part.
The budget is fixed.
Kind regards
"#,
    );
}
