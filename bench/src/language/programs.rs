//! The small programs of the comparison, once in each language. `{n}` stands for the size.

/// A program with its three texts; all of them give the same whole number.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) unit: &'static str,
    pub(crate) size: u64,
    /// The size under valgrind, which is fifty times slower.
    pub(crate) small: u64,
    /// Operations of a size.
    pub(crate) operations: fn(u64) -> u64,
    /// What comes out.
    pub(crate) result: fn(u64) -> i64,
    pub(crate) basic: &'static str,
    pub(crate) lua: &'static str,
    pub(crate) rhai: Option<&'static str>,
    /// The body of a function.
    pub(crate) javascript: &'static str,
    /// Counts for the geometric mean.
    pub(crate) counts: bool,
}

const fn fib(n: u64) -> u64 {
    let (mut a, mut b, mut step) = (0, 1, 0);
    while step < n {
        (a, b) = (b, a + b);
        step += 1;
    }
    a
}

fn primes(n: u64) -> i64 {
    let is_prime = |number: &u64| (2..=number.isqrt()).all(|divisor| !number.is_multiple_of(divisor));
    (2..=n).filter(is_prime).count() as i64
}

fn list_length(n: u64) -> i64 {
    (1..=n).map(|i| "item ;".len() as i64 + i64::from(i.ilog10()) + 1).sum()
}

/// The suite, in the order of the report.
pub(crate) const PROGRAMS: &[Program] = &[
    Program {
        name: "recursive call",
        unit: "call of fib(27)",
        size: 27,
        small: 18,
        operations: |n| 2 * fib(n + 1) - 1,
        result: |n| fib(n) as i64,
        basic: "RETURN fib({n})\nFUNCTION fib(n)\n    IF n < 2 THEN RETURN n\n    RETURN fib(n - 1) + fib(n - 2)\n\
                END FUNCTION\n",
        lua: "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib({n})",
        rhai: Some("fn fib(n) { if n < 2 { return n; } fib(n - 1) + fib(n - 2) } fib({n})"),
        javascript: "function fib(n) { if (n < 2) return n; return fib(n - 1) + fib(n - 2); } return fib({n});",
        counts: true,
    },
    Program {
        name: "loop",
        unit: "step of s = s + i MOD 7",
        size: 1_000_000,
        small: 20_000,
        operations: |n| n,
        result: |n| (1..=n).map(|i| (i % 7) as i64).sum(),
        basic: "s = 0\nFOR i = 1 TO {n}\n    s = s + i MOD 7\nNEXT\nRETURN s\n",
        lua: "local s = 0 for i = 1, {n} do s = s + i % 7 end return s",
        rhai: Some("let s = 0; for i in 1..={n} { s = s + i % 7; } s"),
        javascript: "let s = 0; for (let i = 1; i <= {n}; i++) { s = s + i % 7; } return s;",
        counts: true,
    },
    Program {
        name: "sieve",
        unit: "number sieved, of 100,000",
        size: 100_000,
        small: 5_000,
        operations: |n| n,
        result: primes,
        basic: "flags = []\nFOR i = 0 TO {n}\n    PUSH flags, TRUE\nNEXT\ncount = 0\nFOR i = 2 TO {n}\n    \
                IF flags[i] THEN\n        count = count + 1\n        FOR j = i + i TO {n} STEP i\n            \
                flags[j] = FALSE\n        NEXT\n    END IF\nNEXT\nRETURN count\n",
        lua: "local flags = {} for i = 0, {n} do flags[i] = true end local count = 0 \
              for i = 2, {n} do if flags[i] then count = count + 1 \
              for j = i + i, {n}, i do flags[j] = false end end end return count",
        rhai: Some(
            "let flags = []; for i in 0..={n} { flags.push(true); } let count = 0; \
             for i in 2..={n} { if flags[i] { count += 1; let j = i + i; \
             while j <= {n} { flags[j] = false; j += i; } } } count",
        ),
        javascript: "const flags = []; for (let i = 0; i <= {n}; i++) flags.push(true); let count = 0; \
                     for (let i = 2; i <= {n}; i++) { if (flags[i]) { count = count + 1; \
                     for (let j = i + i; j <= {n}; j += i) flags[j] = false; } } return count;",
        counts: true,
    },
    Program {
        name: "object field",
        unit: "step of p.x = p.x + p.y",
        size: 500_000,
        small: 20_000,
        operations: |n| n,
        result: |n| 2 * n as i64,
        basic: "p = { x: 0, y: 2 }\nFOR i = 1 TO {n}\n    p.x = p.x + p.y\nNEXT\nRETURN p.x\n",
        lua: "local p = { x = 0, y = 2 } for i = 1, {n} do p.x = p.x + p.y end return p.x",
        rhai: Some("let p = #{ x: 0, y: 2 }; for i in 1..={n} { p.x = p.x + p.y; } p.x"),
        javascript: "const p = { x: 0, y: 2 }; for (let i = 1; i <= {n}; i++) { p.x = p.x + p.y; } return p.x;",
        counts: true,
    },
    Program {
        name: "string building",
        unit: "append of \"item i;\", of 5,000; Lua by table.concat",
        size: 5_000,
        small: 1_000,
        operations: |n| n,
        result: list_length,
        basic: "s = \"\"\nFOR i = 1 TO {n}\n    s = s + \"item \" + i + \";\"\nNEXT\nRETURN LEN(s)\n",
        lua: "local t = {} for i = 1, {n} do t[#t + 1] = \"item \" .. i .. \";\" end return #table.concat(t)",
        rhai: Some("let s = \"\"; for i in 1..={n} { s += \"item \" + i + \";\"; } s.len()"),
        javascript: "let s = ''; for (let i = 1; i <= {n}; i++) { s = s + 'item ' + i + ';'; } return s.length;",
        counts: true,
    },
    Program {
        name: "string building, plain",
        unit: "the same, Lua by `..`",
        size: 5_000,
        small: 1_000,
        operations: |n| n,
        result: list_length,
        basic: "s = \"\"\nFOR i = 1 TO {n}\n    s = s + \"item \" + i + \";\"\nNEXT\nRETURN LEN(s)\n",
        lua: "local s = \"\" for i = 1, {n} do s = s .. \"item \" .. i .. \";\" end return #s",
        rhai: None,
        javascript: "let s = ''; for (let i = 1; i <= {n}; i++) { s = s + 'item ' + i + ';'; } return s.length;",
        counts: false,
    },
    Program {
        name: "function of a number",
        unit: "step of s = s + ABS(i); peers call a host function",
        size: 300_000,
        small: 10_000,
        operations: |n| n,
        result: |n| (n * (n + 1) / 2) as i64,
        basic: "s = 0\nFOR i = 1 TO {n}\n    s = s + ABS(i)\nNEXT\nRETURN s\n",
        lua: "local s = 0 for i = 1, {n} do s = s + host_abs(i) end return s",
        rhai: Some("let s = 0; for i in 1..={n} { s = s + host_abs(i); } s"),
        javascript: "let s = 0; for (let i = 1; i <= {n}; i++) { s = s + host_abs(i); } return s;",
        counts: false,
    },
    Program {
        name: "function of a text",
        unit: "step of x = LEFT(t, 4); peers call a host function",
        size: 300_000,
        small: 10_000,
        operations: |n| n,
        result: |_| 4,
        basic: "t = \"conversation\"\nFOR i = 1 TO {n}\n    x = LEFT(t, 4)\nNEXT\nRETURN LEN(x)\n",
        lua: "local t, x = \"conversation\" for i = 1, {n} do x = host_left(t, 4) end return #x",
        rhai: Some("let t = \"conversation\"; let x = \"\"; for i in 1..={n} { x = host_left(t, 4); } x.len()"),
        javascript: "const t = 'conversation'; let x; for (let i = 1; i <= {n}; i++) { x = host_left(t, 4); } \
                     return x.length;",
        counts: false,
    },
    Program {
        name: "effect, there and back",
        unit: "TALK out of the machine and resumed; Lua: coroutine.yield and resume",
        size: 100_000,
        small: 2_000,
        operations: |n| n,
        result: |n| n as i64,
        basic: "FOR i = 1 TO {n}\n    TALK \"One moment\"\nNEXT\nRETURN {n}\n",
        lua: "for i = 1, {n} do coroutine.yield(\"One moment\") end return {n}",
        rhai: None,
        javascript: "return function* () { for (let i = 1; i <= {n}; i++) { yield 'One moment'; } return {n}; }();",
        counts: false,
    },
];

/// A dialog turn of about twelve statements; it says [`SAID`] and returns 12.
pub(crate) const TURN_BASIC: &str = r#"
name = "Ana Maria"
first = LEFT(name, 3)
items = ["tea", "milk", "bread"]
order = { id: 17, total: 200 }
IF order.total > 100 THEN
    discount = order.id + 3
ELSE
    discount = 0
END IF
TALK "Hello " + first + ", order " + order.id
count = 0
FOR EACH item IN items
    count = count + LEN(item)
NEXT
pay = order.total - discount
TALK "You pay " + pay
RETURN count
"#;

pub(crate) const TURN_LUA: &str = r#"
local name = "Ana Maria"
local first = string.sub(name, 1, 3)
local items = { "tea", "milk", "bread" }
local order = { id = 17, total = 200 }
local discount
if order.total > 100 then
    discount = order.id + 3
else
    discount = 0
end
talk("Hello " .. first .. ", order " .. order.id)
local count = 0
for _, item in ipairs(items) do
    count = count + #item
end
local pay = order.total - discount
talk("You pay " .. pay)
return count
"#;

pub(crate) const TURN_RHAI: &str = r#"
let name = "Ana Maria";
let first = name.sub_string(0, 3);
let items = ["tea", "milk", "bread"];
let order = #{ id: 17, total: 200 };
let discount = 0;
if order.total > 100 {
    discount = order.id + 3;
} else {
    discount = 0;
}
talk("Hello " + first + ", order " + order.id);
let count = 0;
for item in items {
    count = count + item.len();
}
let pay = order.total - discount;
talk("You pay " + pay);
count
"#;

pub(crate) const TURN_JAVASCRIPT: &str = r#"
const name = "Ana Maria";
const first = name.substring(0, 3);
const items = ["tea", "milk", "bread"];
const order = { id: 17, total: 200 };
let discount;
if (order.total > 100) {
    discount = order.id + 3;
} else {
    discount = 0;
}
talk("Hello " + first + ", order " + order.id);
let count = 0;
for (const item of items) {
    count = count + item.length;
}
const pay = order.total - discount;
talk("You pay " + pay);
return count;
"#;

pub(crate) const SAID: [&str; 2] = ["Hello Ana, order 17", "You pay 180"];
pub(crate) const COUNTED: i64 = 12;
