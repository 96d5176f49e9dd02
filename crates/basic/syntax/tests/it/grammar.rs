//! Declarations like those of the server, enough to exercise every shape of form.

use std::{borrow::Cow, sync::OnceLock};

use botserver_basic_syntax::{FunctionSig, Grammar};
use botserver_basic_types::{Effect, KeywordDecl};

const KEYWORDS: &[(&str, &[&str], bool)] = &[
    ("TALK", &["TALK text:expr"], false),
    ("TALK TO", &["TALK TO to:expr , text:expr"], false),
    ("SYSTEM PROMPT", &["SYSTEM PROMPT text:expr"], false),
    ("PRINT", &["PRINT value:expr"], false),
    ("WAIT", &["WAIT seconds:expr"], false),
    (
        "SEND FILE",
        &[
            "SEND FILE TO to:expr , file:expr [, caption:expr]",
            "SEND FILE file:expr [, caption:expr]",
            "SEND FILE file:expr TO to:expr",
        ],
        false,
    ),
    (
        "ADD SUGGESTION",
        &[
            "ADD SUGGESTION TOOL tool:expr [WITH params:expr] AS label:expr",
            "ADD SUGGESTION TEXT text:expr AS label:expr",
            "ADD SUGGESTION key:expr AS label:expr",
            "ADD SUGGESTION label:expr [, action:expr]",
        ],
        false,
    ),
    ("CLEAR SUGGESTIONS", &["CLEAR SUGGESTIONS"], false),
    (
        "SEND MAIL",
        &[
            "SEND MAIL to:expr , subject:expr , body:expr [, attachments:expr] [ATTACHMENT file:expr] [USING account:expr]",
            "SEND MAIL TO to:expr SUBJECT subject:expr BODY body:expr",
            "SEND EMAIL to:expr , subject:expr , body:expr",
            "SEND EMAIL to:expr , body:expr",
        ],
        true,
    ),
    (
        "LLM",
        &[
            "LLM prompt:expr [WITH OPTIMIZE FOR optimize:expr] [WITH MAX_COST max_cost:expr] [WITH MAX_LATENCY max_latency:expr]",
        ],
        true,
    ),
    (
        "SET CONTEXT",
        &["SET CONTEXT name:expr AS text:expr", "SET CONTEXT name:expr , text:expr", "SET CONTEXT text:expr"],
        false,
    ),
    ("USE KB", &["USE KB name:expr", "ADD KB name:expr"], false),
    ("CLEAR KB", &["CLEAR KB [all:(ALL)]", "CLEAR KB name:expr"], false),
    ("KB STATISTICS", &["KB STATISTICS"], true),
    ("ADD TOOL", &["ADD TOOL name:expr", "USE TOOL name:expr"], false),
    ("SET BOT MEMORY", &["SET BOT MEMORY key:expr , value:expr", "SET BOT MEMORY key:expr AS value:expr"], false),
    ("GET BOT MEMORY", &["GET BOT MEMORY key:expr"], true),
    ("REMEMBER", &["REMEMBER key:expr = value:expr", "REMEMBER key:expr , value:expr [, expires:expr]"], false),
    ("RECALL", &["RECALL key:expr"], true),
    ("SET", &["SET path:expr = value:expr", "SET name:name , value:expr"], false),
    ("SET SESSION", &["SET SESSION key:expr , value:expr"], false),
    ("GET SESSION", &["GET SESSION key:expr"], true),
    ("SET SCHEDULE", &["SET SCHEDULE args:exprs"], false),
    (
        "ADD BOT",
        &[
            "ADD BOT name:expr [WITH TRIGGER trigger:expr] [TRIGGER ON on:expr] [TOOLS tools:expr] [SCHEDULE schedule:expr]",
        ],
        false,
    ),
    ("BOT REFLECTION", &["BOT REFLECTION on:expr", "BOT REFLECTION ON metric:expr"], false),
    (
        "FIND",
        &[
            "FIND table:word [, filter:filter] [WITH with:filter] [ON connection:expr] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr] [OFFSET offset:expr]",
        ],
        true,
    ),
    (
        "SELECT",
        &[
            "SELECT columns:columns FROM source:word [AS alias:word] [JOIN join:word ON on:cond] [WHERE where:cond] [GROUP BY group:columns] [ORDER BY order:order] [LIMIT limit:expr]",
        ],
        true,
    ),
    (
        "SAVE",
        &[
            "SAVE table:word WITH values:values",
            "SAVE table:word , data:expr",
            "SAVE table:word , values:fields",
            "SAVE data:expr TO table:word",
            "SAVE table:word values:fields",
        ],
        true,
    ),
    ("SAVE FROM UNSTRUCTURED", &["SAVE FROM UNSTRUCTURED table:expr , text:expr"], true),
    (
        "INSERT",
        &[
            "INSERT INTO table:word VALUES data:expr",
            "INSERT INTO table:word WITH values:values",
            "INSERT INTO table:word , values:fields",
            "INSERT table:word , data:expr",
        ],
        true,
    ),
    (
        "UPDATE",
        &[
            "UPDATE table:word SET set:assigns [WHERE where:cond]",
            "UPDATE table:word WITH set:assigns [WHERE where:cond]",
            "UPDATE table:word , filter:expr , data:expr",
        ],
        true,
    ),
    (
        "DELETE",
        &[
            "DELETE FROM table:word [WHERE where:cond]",
            "DELETE target:expr [, filter:filter]",
            "DELETE target:expr WHERE where:cond",
        ],
        true,
    ),
    ("DELETE FILE", &["DELETE FILE path:expr"], false),
    (
        "MERGE",
        &["MERGE table:word WITH rows:expr BY key:expr", "MERGE table:word , rows:expr , key:expr [, columns:expr]"],
        true,
    ),
    ("REPORT", &["REPORT"], true),
    ("FILTER", &["FILTER rows:expr , filter:filter", "FILTER rows:expr WHERE where:cond"], true),
    (
        "GET",
        &[
            "GET source:path [WITH params:values]",
            "GET source:path INTO into:target",
            "GET source:path HEADERS headers:expr",
        ],
        true,
    ),
    (
        "POST",
        &[
            "POST url:expr WITH body:values",
            "POST url:expr WITH data:expr",
            "POST url:expr , values:exprs",
            "POST url:expr BODY body:expr [HEADERS headers:expr]",
        ],
        true,
    ),
    ("WEBHOOK POST", &["WEBHOOK POST path:expr WITH data:expr"], true),
    (
        "SET HEADER",
        &[
            "SET HEADER name:expr , value:expr",
            "SET HEADER name:expr = value:expr",
            "SET HEADER name:expr AS value:expr",
        ],
        false,
    ),
    ("SET PAGE MODE", &["SET PAGE MODE mode:expr"], false),
    ("CONTINUATION TOKEN", &["CONTINUATION TOKEN"], true),
    ("UPLOAD", &["UPLOAD file:expr TO folder:expr [AS name:expr]", "UPLOAD file:expr [, folder:expr]"], true),
    ("DOWNLOAD", &["DOWNLOAD url:expr [, path:expr]"], true),
    ("COMPRESS", &["COMPRESS files:expr , archive:expr", "COMPRESS files:expr TO archive:expr"], true),
    ("LIST", &["LIST folder:expr [FILTER pattern:expr] [recursive:(RECURSIVE)]"], true),
    ("DIR", &["DIR folder:expr"], true),
    ("GENERATE SECURE LINK", &["GENERATE SECURE LINK path:expr EXPIRES amount:expr unit:(DAYS|HOURS|MINUTES)"], true),
    ("CREATE TASK", &["CREATE TASK values:exprs"], true),
    ("JSON PARSE", &["JSON PARSE text:expr"], true),
    ("RUN PYTHON", &["RUN PYTHON code:expr"], true),
    ("NOW", &["NOW"], true),
    ("TODAY", &["TODAY"], true),
    ("GUID", &["GUID"], true),
    ("RANDOM", &["RANDOM [low:expr [, high:expr]]"], true),
    ("PRODUCT", &["PRODUCT id:expr"], true),
    ("DELEGATE", &["DELEGATE message:expr TO BOT name:expr [TIMEOUT timeout:expr]"], true),
];

const FUNCTIONS: &[(&str, &[&str], u8, u8, bool)] = &[
    ("LEN", &["LENGTH"], 1, 1, false),
    ("LEFT", &[], 2, 2, false),
    ("MID", &[], 2, 3, false),
    ("UCASE", &["UPPER"], 1, 1, false),
    ("LOWER", &["LCASE"], 1, 1, false),
    ("TRIM", &[], 1, 1, false),
    ("SPLIT", &[], 2, 2, false),
    ("JOIN", &[], 1, 2, false),
    ("CONTAINS", &[], 2, 2, false),
    ("FORMAT", &[], 1, 2, false),
    ("UBOUND", &[], 1, 1, false),
    ("COUNT", &[], 1, 1, false),
    ("SUM", &[], 1, 2, false),
    ("MAX", &[], 1, u8::MAX, false),
    ("ABS", &[], 1, 1, false),
    ("FIRST", &[], 1, 2, false),
    ("DATEADD", &[], 3, 3, false),
    ("DATEDIFF", &[], 3, 3, false),
    ("TOYAML", &[], 1, 1, false),
    ("ERROR", &[], 1, 1, false),
    ("PUSH", &["APPEND"], 2, 2, true),
    ("SPLICE", &[], 2, 3, true),
];

#[expect(clippy::unwrap_used, reason = "a mistake in the table above fails every test")]
pub(crate) fn grammar() -> &'static Grammar {
    static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
    GRAMMAR.get_or_init(|| {
        let mut keywords: Vec<KeywordDecl> = KEYWORDS
            .iter()
            .map(|(name, forms, returns)| {
                let decl = KeywordDecl::new(name, forms, Effect::Say, "", "");
                if *returns { decl.returning() } else { decl }
            })
            .collect();
        keywords.push(KeywordDecl::new("PLAY", &["PLAY file:expr"], Effect::Say, "", "").needs("a media player"));
        let functions: Vec<FunctionSig> = FUNCTIONS
            .iter()
            .map(|(name, aliases, min, max, mutating)| FunctionSig {
                name: Cow::Borrowed(name),
                aliases: aliases.iter().map(|alias| Cow::Borrowed(*alias)).collect(),
                min: *min,
                max: *max,
                mutating: *mutating,
            })
            .collect();
        Grammar::new(&keywords, &functions).unwrap()
    })
}
