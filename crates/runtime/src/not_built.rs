//! Keywords of the language whose room is not part of this build: their syntax is known, `check` warns with the
//! capability they need, and running one is an error that ON ERROR can trap. A room that is built takes its
//! keywords out of this table.

use botserver_basic_types::{Effect, KeywordDecl};

use crate::Keyword;

/// Name, forms, whether it gives a value, the capability it needs.
type Row = (&'static str, &'static [&'static str], bool, &'static str);

const MODEL: &str = "a language model";
const KNOWLEDGE: &str = "documents";
const MAIL: &str = "mail";
const SMS: &str = "text messages";
const FILES: &str = "the drive";
const TASKS: &str = "tasks";
const CALENDAR: &str = "the calendar";
const AGENTS: &str = "working with other bots";
const HUMANS: &str = "hand-over to people";
const MEETINGS: &str = "meetings";
const MEDIA: &str = "media";
const SCHEDULES: &str = "schedules";
const SERVICES: &str = "this web service";
const SANDBOX: &str = "the sandbox";
const PEOPLE: &str = "accounts";

const ROWS: &[Row] = &[
    (
        "LLM",
        &[
            "LLM prompt:expr [WITH OPTIMIZE FOR optimize:expr] [WITH MAX_COST max_cost:expr] [WITH MAX_LATENCY max_latency:expr]",
        ],
        true,
        MODEL,
    ),
    ("USE MODEL", &["USE MODEL model:expr"], false, MODEL),
    ("SET MODEL ROUTING", &["SET MODEL ROUTING routing:expr"], false, MODEL),
    ("GET CURRENT MODEL", &["GET CURRENT MODEL"], true, MODEL),
    ("LIST MODELS", &["LIST MODELS"], true, MODEL),
    ("SET ANSWER MODE", &["SET ANSWER MODE mode:expr"], false, MODEL),
    ("ADD SWITCHER", &["ADD SWITCHER switcher:expr AS label:expr"], false, MODEL),
    ("CLEAR SWITCHERS", &["CLEAR SWITCHERS"], false, MODEL),
    ("TRANSLATE", &["TRANSLATE text:expr , language:expr"], true, MODEL),
    ("SUMMARIZE", &["SUMMARIZE text:expr"], true, MODEL),
    ("SENTIMENT", &["SENTIMENT text:expr"], true, MODEL),
    ("CLASSIFY", &["CLASSIFY text:expr , categories:expr"], true, MODEL),
    ("SAVE FROM UNSTRUCTURED", &["SAVE FROM UNSTRUCTURED table:expr , text:expr"], true, MODEL),
    ("USE MCP", &["USE MCP server:expr , tool:expr [, args:expr]"], true, "MCP"),
    ("USE KB", &["USE KB collection:expr", "ADD KB collection:expr"], false, KNOWLEDGE),
    ("CLEAR KB", &["CLEAR KB ALL", "CLEAR KB [collection:expr]"], false, KNOWLEDGE),
    ("THINK KB", &["THINK KB question:expr"], true, KNOWLEDGE),
    ("KB STATISTICS", &["KB STATISTICS"], true, KNOWLEDGE),
    ("KB LIST COLLECTIONS", &["KB LIST COLLECTIONS"], true, KNOWLEDGE),
    ("KB DOCUMENTS COUNT", &["KB DOCUMENTS COUNT"], true, KNOWLEDGE),
    ("USE WEBSITE", &["USE WEBSITE url:expr [REFRESH refresh:expr]"], false, KNOWLEDGE),
    ("CLEAR WEBSITES", &["CLEAR WEBSITES"], false, KNOWLEDGE),
    (
        "SEND MAIL",
        &[
            "SEND MAIL TO to:expr SUBJECT subject:expr BODY body:expr [ATTACHMENT attachment:expr]",
            "SEND EMAIL TO to:expr SUBJECT subject:expr BODY body:expr [ATTACHMENT attachment:expr]",
            "SEND MAIL to:expr , subject:expr [, body:expr] [, attachments:expr] [ATTACHMENT attachment:expr] [USING account:expr]",
            "SEND EMAIL to:expr , subject:expr [, body:expr] [, attachments:expr] [ATTACHMENT attachment:expr] [USING account:expr]",
        ],
        true,
        MAIL,
    ),
    ("CREATE DRAFT", &["CREATE DRAFT to:expr , subject:expr , body:expr [, attachments:expr]"], true, MAIL),
    ("USE ACCOUNT", &["USE ACCOUNT account:expr"], false, MAIL),
    (
        "SEND TEMPLATE",
        &[
            "SEND TEMPLATE TO to:expr , template:expr [, variables:expr]",
            "SEND TEMPLATE template:expr , channels:expr , to:expr [, variables:expr]",
        ],
        true,
        MAIL,
    ),
    ("SEND SMS", &["SEND SMS to:expr , message:expr [, provider:expr] [, priority:expr]"], true, SMS),
    ("BROADCAST", &["BROADCAST message:expr TO to:expr"], true, "another channel"),
    (
        "TRANSFER TO HUMAN",
        &["TRANSFER TO HUMAN [to:expr] [, priority:expr] [, reason:expr]", "TRANSFER HUMAN"],
        true,
        HUMANS,
    ),
    (
        "ADD BOT",
        &["ADD BOT bot:expr [WITH TRIGGER triggers:expr] [WITH TOOLS tools:expr] [WITH SCHEDULE schedule:expr]"],
        false,
        AGENTS,
    ),
    ("REMOVE BOT", &["REMOVE BOT bot:expr"], false, AGENTS),
    ("LIST BOTS", &["LIST BOTS"], true, AGENTS),
    (
        "DELEGATE",
        &[
            "DELEGATE message:expr TO BOT bot:expr [TIMEOUT timeout:expr]",
            "DELEGATE TO bot:expr [WITH CONTEXT context:expr]",
        ],
        true,
        AGENTS,
    ),
    ("TRANSFER CONVERSATION", &["TRANSFER CONVERSATION TO bot:expr"], false, AGENTS),
    (
        "CREATE TASK",
        &["CREATE TASK title:expr [, second:expr] [, third:expr] [, due:expr] [, priority:expr]"],
        true,
        TASKS,
    ),
    (
        "BOOK",
        &["BOOK title:expr [, description:expr] [, start:expr] [, minutes:expr] [, location:expr]"],
        true,
        CALENDAR,
    ),
    ("START MEET", &["START MEET name:expr [WITH BOT]"], true, MEETINGS),
    ("READ", &["READ file:expr [AS format:(TABLE|LINES)]"], true, FILES),
    ("WRITE", &["WRITE file:expr , content:expr"], false, FILES),
    ("COPY", &["COPY source:expr , target:expr", "COPY source:expr TO target:expr"], true, FILES),
    ("MOVE", &["MOVE source:expr , target:expr", "MOVE source:expr TO target:expr"], true, FILES),
    ("UPLOAD", &["UPLOAD file:expr [TO folder:expr] [AS name:expr]"], true, FILES),
    ("DOWNLOAD", &["DOWNLOAD source:expr [, target:expr]"], true, FILES),
    ("COMPRESS", &["COMPRESS files:expr , archive:expr", "COMPRESS files:expr TO archive:expr"], true, FILES),
    ("EXTRACT", &["EXTRACT archive:expr , folder:expr", "EXTRACT archive:expr TO folder:expr"], true, FILES),
    ("DELETE FILE", &["DELETE FILE file:expr"], false, FILES),
    ("GENERATE PDF", &["GENERATE PDF template:expr , data:expr , target:expr"], true, FILES),
    ("MERGE PDF", &["MERGE PDF files:expr , target:expr", "MERGE PDF files:expr TO target:expr"], true, FILES),
    ("GENERATE SECURE LINK", &["GENERATE SECURE LINK file:expr EXPIRES amount:expr (DAYS|HOURS|MINUTES)"], true, FILES),
    ("QR CODE", &["QR CODE data:expr [, size:expr] [, target:expr]"], true, MEDIA),
    ("CHART", &["CHART kind:expr , data:expr"], true, MEDIA),
    ("PLAY", &["PLAY file:expr [WITH OPTIONS options:expr]"], false, MEDIA),
    ("SEE", &["SEE image:expr"], true, MEDIA),
    ("GRAPHQL", &["GRAPHQL url:expr , query:expr [, variables:expr]"], true, SERVICES),
    ("SOAP", &["SOAP wsdl:expr , operation:expr [, params:expr]"], true, SERVICES),
    ("WEATHER", &["WEATHER place:expr"], true, SERVICES),
    ("FORECAST", &["FORECAST place:expr [, days:expr]"], true, SERVICES),
    ("SET SCHEDULE", &["SET SCHEDULE args:exprs"], false, SCHEDULES),
    ("PUBLISH EVENT", &["PUBLISH EVENT event:expr"], false, SCHEDULES),
    ("REFRESH", &["REFRESH script:expr"], false, SCHEDULES),
    ("SET USER", &["SET USER field:expr [, value:expr]"], false, PEOPLE),
    ("ADD MEMBER", &["ADD MEMBER first:expr , second:expr [, role:expr]"], true, PEOPLE),
    ("RUN PYTHON", &["RUN PYTHON code:expr"], true, SANDBOX),
    ("RUN JAVASCRIPT", &["RUN JAVASCRIPT code:expr", "RUN JS code:expr"], true, SANDBOX),
    ("RUN BASH", &["RUN BASH code:expr"], true, SANDBOX),
];

/// All of them.
pub fn keywords_not_built() -> Vec<Keyword> {
    ROWS.iter()
        .map(|(name, forms, returns, capability)| {
            let doc = "Known to the language; this build cannot run it.";
            let decl = KeywordDecl { returns: *returns, ..KeywordDecl::new(name, forms, Effect::Write, doc, "") };
            Keyword::missing(decl, capability)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use botserver_basic_syntax::Grammar;

    use super::*;

    #[test]
    fn every_form_can_be_parsed_beside_the_others() {
        let decls: Vec<_> = keywords_not_built().into_iter().map(|keyword| keyword.decl).collect();
        Grammar::new(&decls, &crate::function_signatures()).unwrap();
    }
}
