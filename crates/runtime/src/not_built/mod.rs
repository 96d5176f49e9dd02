//! Keywords of the language whose room is not part of this build: their syntax is known, `check` warns with the
//! capability they need, and running one is an error that ON ERROR can trap. A room that is built takes its
//! keywords out of this table.

mod rare;

use botserver_basic_types::{Effect, KeywordDecl};

use crate::Keyword;

/// Name, forms, whether it gives a value, the capability it needs.
type Row = (&'static str, &'static [&'static str], bool, &'static str);

const KNOWLEDGE: &str = "websites as documents";
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
const CHANNELS: &str = "another channel";
const SHEETS: &str = "spreadsheet files";
const TELEPHONE: &str = "the telephone";
const CRM: &str = "customer records";
const PAGES: &str = "a browser for pages of others";
const DEVICES: &str = "attached devices";
const SOCIAL: &str = "social networks";
const SETTINGS: &str = "changing settings from scripts";
const EVENTS: &str = "events";

const ROWS: &[Row] = &[
    ("SET MODEL ROUTING", &["SET MODEL ROUTING routing:expr"], false, "routing between models"),
    ("ADD SWITCHER", &["ADD SWITCHER switcher:expr AS label:expr"], false, "switches of the page"),
    ("CLEAR SWITCHERS", &["CLEAR SWITCHERS"], false, "switches of the page"),
    ("ASK", &["ASK question:expr [, text:expr] [WITH TOOLS]"], true, "questions with tools of their own"),
    ("OCR", &["OCR file:expr"], true, "reading of pictures"),
    ("CALCULATE", &["CALCULATE formula:expr [, variables:expr]"], true, "formulas in texts"),
    ("VALIDATE", &["VALIDATE value:expr , rules:expr"], true, "rules in texts"),
    ("DETECT", &["DETECT what:expr"], true, "detection"),
    ("SAVE FROM UNSTRUCTURED", &["SAVE FROM UNSTRUCTURED table:expr , text:expr"], true, "rows from free text"),
    ("USE MCP", &["USE MCP server:expr , tool:expr [, args:expr]"], true, "MCP"),
    ("MCP LIST TOOLS", &["MCP LIST TOOLS server:expr"], true, "MCP"),
    ("MCP INVOKE", &["MCP INVOKE tool:expr [, args:expr]"], true, "MCP"),
    (
        "USE WEBSITE",
        &[
            "USE WEBSITE url:expr [REFRESH refresh:expr]",
            "USE WEBSITE url:expr , refresh:expr",
            "ADD WEBSITE url:expr [REFRESH refresh:expr]",
        ],
        false,
        KNOWLEDGE,
    ),
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
            "SEND TEMPLATE template:expr TO channels:expr to:expr [, variables:expr]",
        ],
        true,
        MAIL,
    ),
    ("BULK SEND", &["BULK SEND template:expr , to:expr , channels:expr [, variables:expr]"], true, MAIL),
    ("CREATE TEMPLATE", &["CREATE TEMPLATE name:expr , channel:expr , subject:expr [, body:expr]"], true, MAIL),
    ("GET TEMPLATE", &["GET TEMPLATE name:expr"], true, MAIL),
    ("LIST TEMPLATES", &["LIST TEMPLATES"], true, MAIL),
    (
        "SEND SMS",
        &["SEND SMS to:expr , message:expr [, provider:expr] [, priority:expr]", "SMS to:expr , message:expr"],
        true,
        SMS,
    ),
    (
        "TALK TO",
        &[
            "TALK TO target:expr , message:expr",
            "SEND TO target:expr , message:expr",
            "SEND TO target:expr MESSAGE message:expr",
            "SEND TO SESSION session:expr , message:expr",
        ],
        false,
        CHANNELS,
    ),
    (
        "SEND FILE TO",
        &["SEND FILE TO to:expr , file:expr [, caption:expr]", "SEND FILE file:expr TO to:expr"],
        false,
        CHANNELS,
    ),
    (
        "SEND WHATSAPP",
        &["SEND WHATSAPP TO to:expr WITH text:expr", "SEND WHATSAPP TO to:expr (IMAGE|DOCUMENT) FROM file:expr"],
        true,
        CHANNELS,
    ),
    ("BROADCAST", &["BROADCAST message:expr TO BOTS", "BROADCAST message:expr TO to:expr"], true, CHANNELS),
    (
        "TRANSFER TO HUMAN",
        &[
            "TRANSFER TO HUMAN [to:expr] [, priority:expr] [, reason:expr] [, context:expr]",
            "TRANSFER HUMAN [to:expr] [, priority:expr] [, reason:expr]",
        ],
        true,
        HUMANS,
    ),
    ("GET QUEUE", &["GET QUEUE [filter:expr]"], true, HUMANS),
    ("NEXT IN QUEUE", &["NEXT IN QUEUE"], true, HUMANS),
    (
        "ASSIGN CONVERSATION",
        &["ASSIGN CONVERSATION session:expr TO attendant:expr", "ASSIGN CONVERSATION session:expr , attendant:expr"],
        true,
        HUMANS,
    ),
    (
        "RESOLVE CONVERSATION",
        &["RESOLVE CONVERSATION session:expr [WITH reason:expr]", "RESOLVE CONVERSATION session:expr , reason:expr"],
        true,
        HUMANS,
    ),
    (
        "SET PRIORITY",
        &["SET PRIORITY session:expr TO priority:expr", "SET PRIORITY session:expr , priority:expr"],
        true,
        HUMANS,
    ),
    ("GET ATTENDANTS", &["GET ATTENDANTS [WITH STATUS status:expr]", "GET ATTENDANTS status:expr"], true, HUMANS),
    (
        "TAG CONVERSATION",
        &["TAG CONVERSATION session:expr WITH tag:expr", "TAG CONVERSATION session:expr , tag:expr"],
        true,
        HUMANS,
    ),
    ("ADD NOTE", &["ADD NOTE note:expr TO session:expr", "ADD NOTE session:expr , note:expr"], true, HUMANS),
    (
        "ADD BOT",
        &[
            "ADD BOT bot:expr [WITH TRIGGER triggers:expr] [TRIGGER ON on:expr] [WITH TOOLS tools:expr] [TOOLS tools:expr] \
           [WITH SCHEDULE schedule:expr] [SCHEDULE schedule:expr]",
        ],
        false,
        AGENTS,
    ),
    ("REMOVE BOT", &["REMOVE BOT bot:expr"], false, AGENTS),
    ("LIST BOTS", &["LIST BOTS"], true, AGENTS),
    ("SET BOT PRIORITY", &["SET BOT PRIORITY bot:expr , priority:expr"], false, AGENTS),
    ("BOT SHARE MEMORY", &["BOT SHARE MEMORY key:expr WITH bot:expr"], false, AGENTS),
    ("BOT SYNC MEMORY", &["BOT SYNC MEMORY FROM bot:expr"], false, AGENTS),
    (
        "BOT REFLECTION",
        &[
            "BOT REFLECTION INSIGHTS",
            "BOT REFLECTION ON metric:expr",
            "BOT REFLECTION on:expr",
            "SET BOT REFLECTION on:expr",
            "REFLECT ON metric:expr",
            "GET REFLECTION INSIGHTS",
        ],
        true,
        AGENTS,
    ),
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
        &["CREATE TASK title:expr [, second:expr] [, third:expr] [, due:expr] [, priority:expr] [DUE due:expr] [IN \
             PROJECT project:expr]"],
        true,
        TASKS,
    ),
    (
        "BOOK",
        &["BOOK title:expr [, description:expr] [, start:expr] [, minutes:expr] [, location:expr] [AT at:expr]"],
        true,
        CALENDAR,
    ),
    ("BOOK MEETING", &["BOOK MEETING meeting:expr , attendees:expr"], true, CALENDAR),
    ("CHECK AVAILABILITY", &["CHECK AVAILABILITY date:expr , minutes:expr"], true, CALENDAR),
    ("START MEET", &["START MEET name:expr [WITH BOT] [WITH OPTIONS options:expr]"], true, MEETINGS),
    ("JOIN MEET", &["JOIN MEET meeting:expr"], true, MEETINGS),
    ("LEAVE MEET", &["LEAVE MEET"], false, MEETINGS),
    ("INVITE TO MEET", &["INVITE TO MEET person:expr"], true, MEETINGS),
    ("TALK TO MEET", &["TALK TO MEET message:expr"], false, MEETINGS),
    ("HEAR FROM MEET", &["HEAR FROM MEET INTO into:target [TIMEOUT timeout:expr]"], true, MEETINGS),
    ("START CALL", &["START CALL number:expr"], true, TELEPHONE),
    ("ANSWER CALL", &["ANSWER CALL"], true, TELEPHONE),
    ("READ", &["READ file:expr [AS format:(TABLE|LINES)]"], true, FILES),
    (
        "WRITE",
        &["WRITE file:expr , content:expr", "WRITE content:expr TO file:expr [AS format:(TABLE|LINES)] [APPEND]"],
        false,
        FILES,
    ),
    ("LIST", &["LIST folder:expr [FILTER pattern:expr] [RECURSIVE]"], true, FILES),
    ("DIR", &["DIR folder:expr"], true, FILES),
    ("FILE EXISTS", &["FILE EXISTS file:expr"], true, FILES),
    ("FILL FILE", &["FILL FILE template:expr , data:expr [TO target:expr]"], true, FILES),
    ("IMPORT", &["IMPORT file:expr"], true, FILES),
    ("EXPORT", &["EXPORT rows:expr , file:expr"], true, FILES),
    ("EXCEL", &["EXCEL rows:expr"], true, SHEETS),
    ("COPY", &["COPY source:expr , target:expr", "COPY source:expr TO target:expr"], true, FILES),
    ("MOVE", &["MOVE source:expr , target:expr", "MOVE source:expr TO target:expr"], true, FILES),
    ("UPLOAD", &["UPLOAD file:expr [TO folder:expr] [AS name:expr]", "UPLOAD file:expr , folder:expr"], true, FILES),
    (
        "DOWNLOAD",
        &[
            "DOWNLOAD source:expr [, target:expr]",
            "DOWNLOAD source:expr AS LINK",
            "DOWNLOAD source:expr [AS name:expr] [TO person:expr]",
        ],
        true,
        FILES,
    ),
    ("COMPRESS", &["COMPRESS files:expr , archive:expr", "COMPRESS files:expr TO archive:expr"], true, FILES),
    ("EXTRACT", &["EXTRACT archive:expr , folder:expr", "EXTRACT archive:expr TO folder:expr"], true, FILES),
    ("DELETE FILE", &["DELETE FILE file:expr"], false, FILES),
    (
        "GENERATE PDF",
        &[
            "GENERATE PDF template:expr , data:expr , target:expr",
            "GENERATE PDF target:expr WITH TEMPLATE template:expr [DATA data:expr]",
            "GENERATE PDF template:expr TO target:expr WITH assigns:values",
            "GENERATE PDF template:expr TO target:expr",
        ],
        true,
        FILES,
    ),
    ("MERGE PDF", &["MERGE PDF files:expr , target:expr", "MERGE PDF files:expr TO target:expr"], true, FILES),
    ("GENERATE SECURE LINK", &["GENERATE SECURE LINK file:expr EXPIRES amount:expr (DAYS|HOURS|MINUTES)"], true, FILES),
    ("QR CODE", &["QR CODE data:expr [, size:expr] [, target:expr]"], true, MEDIA),
    ("CHART", &["CHART kind:expr , data:expr"], true, MEDIA),
    ("PLAY", &["PLAY file:expr [WITH OPTIONS options:expr]"], false, MEDIA),
    ("STOP", &["STOP"], false, MEDIA),
    ("PAUSE", &["PAUSE"], false, MEDIA),
    ("RESUME", &["RESUME"], false, MEDIA),
    ("CARD", &["CARD image:expr , text:expr [, style:expr] [, count:expr] TO into:target"], true, MEDIA),
    ("SEE", &["SEE image:expr"], true, MEDIA),
    ("IMAGE", &["IMAGE prompt:expr"], true, MEDIA),
    ("AUDIO", &["AUDIO text:expr"], true, MEDIA),
    ("VIDEO", &["VIDEO prompt:expr"], true, MEDIA),
    ("DETECT FACES", &["DETECT FACES image:expr [, options:expr]"], true, MEDIA),
    ("VERIFY FACE", &["VERIFY FACE first:expr , second:expr"], true, MEDIA),
    ("ANALYZE FACE", &["ANALYZE FACE image:expr [, attributes:expr]"], true, MEDIA),
    ("SCAN BARCODE", &["SCAN BARCODE image:expr"], true, MEDIA),
    (
        "GRAPHQL",
        &[
            "GRAPHQL url:expr , query:expr [, variables:expr]",
            "GRAPHQL url:expr , query:expr WITH assigns:values",
            "GRAPHQL url:expr QUERY query:expr [VARIABLES variables:expr]",
        ],
        true,
        SERVICES,
    ),
    (
        "SOAP",
        &["SOAP wsdl:expr , operation:expr [, params:expr]", "SOAP wsdl:expr ACTION operation:expr [BODY params:expr]"],
        true,
        SERVICES,
    ),
    ("SET PAGE MODE", &["SET PAGE MODE mode:expr"], false, SERVICES),
    ("CONTINUATION TOKEN", &["CONTINUATION TOKEN"], true, SERVICES),
    ("RSS", &["RSS url:expr [, count:expr]"], true, SERVICES),
    ("SCRAPE", &["SCRAPE url:expr , selector:expr"], true, PAGES),
    ("SCRAPE ALL", &["SCRAPE ALL url:expr , selector:expr"], true, PAGES),
    ("SCRAPE TABLE", &["SCRAPE TABLE url:expr [, selector:expr]"], true, PAGES),
    ("SCRAPE LINKS", &["SCRAPE LINKS url:expr"], true, PAGES),
    ("SCRAPE IMAGES", &["SCRAPE IMAGES url:expr"], true, PAGES),
    (
        "CREATE SITE",
        &[
            "CREATE SITE alias:expr , template:expr , prompt:expr",
            "CREATE SITE alias:expr WITH TEMPLATE template:expr USING PROMPT prompt:expr",
        ],
        true,
        "sites",
    ),
    ("SYNCHRONIZE", &["SYNCHRONIZE endpoint:expr , table:expr , key:expr , page:expr , limit:expr"], true, SERVICES),
    ("SEARCH", &["SEARCH table:word , query:expr [, count:expr]"], true, "searching tables"),
    ("AUTOCOMPLETE", &["AUTOCOMPLETE table:word , prefix:expr [, count:expr]"], true, "searching tables"),
    ("BEGIN TRANSACTION", &["BEGIN TRANSACTION"], false, "transactions of scripts"),
    ("COMMIT", &["COMMIT"], false, "transactions of scripts"),
    ("ROLLBACK", &["ROLLBACK"], false, "transactions of scripts"),
    (
        "QUERY METRICS",
        &["QUERY METRICS metric:expr FOR range:expr [BY interval:expr] [OFFSET offset:expr]"],
        true,
        "metrics",
    ),
    ("PRODUCT", &["PRODUCT id:expr"], true, CRM),
    ("SEARCH PRODUCTS", &["SEARCH PRODUCTS query:expr [, count:expr]"], true, CRM),
    ("CREATE LEAD", &["CREATE LEAD values:exprs"], true, CRM),
    ("SCORE LEAD", &["SCORE LEAD lead:expr [, rules:expr]", "AI SCORE LEAD lead:expr"], true, CRM),
    ("GET LEAD SCORE", &["GET LEAD SCORE lead:expr"], true, CRM),
    ("QUALIFY LEAD", &["QUALIFY LEAD lead:expr [, threshold:expr]"], true, CRM),
    ("UPDATE LEAD SCORE", &["UPDATE LEAD SCORE lead:expr , delta:expr [, reason:expr]"], true, CRM),
    ("SET LEAD SCORE", &["SET LEAD SCORE lead:expr , score:expr"], true, CRM),
    (
        "POST TO",
        &[
            "POST TO network:word image:expr , caption:expr [AT at:expr]",
            "POST TO network:word AT at:expr image:expr , caption:expr",
            "POST TO network:word user:expr , password:expr , image:expr , caption:expr",
        ],
        true,
        SOCIAL,
    ),
    ("WEATHER", &["WEATHER place:expr"], true, SERVICES),
    ("FORECAST", &["FORECAST place:expr [, days:expr]"], true, SERVICES),
    ("SET SCHEDULE", &["SET SCHEDULE args:exprs"], false, SCHEDULES),
    ("PUBLISH EVENT", &["PUBLISH EVENT event:expr"], false, EVENTS),
    ("WAIT FOR EVENT", &["WAIT FOR EVENT event:expr [TIMEOUT timeout:expr]"], true, EVENTS),
    ("REFRESH", &["REFRESH script:expr"], false, SCHEDULES),
    ("SET USER", &["SET USER field:expr [, value:expr] [, id:expr]"], false, PEOPLE),
    ("GET USER", &["GET USER field:word"], true, PEOPLE),
    ("ADD MEMBER", &["ADD MEMBER first:expr , second:expr [, role:expr]"], true, PEOPLE),
    ("REMOVE MEMBER", &["REMOVE MEMBER first:expr , second:expr"], true, PEOPLE),
    ("CREATE TEAM", &["CREATE TEAM name:expr , description:expr , members:expr"], true, PEOPLE),
    ("LIST MEMBERS", &["LIST MEMBERS group:expr"], true, PEOPLE),
    ("SET CONFIG", &["SET CONFIG key:expr , value:expr"], false, SETTINGS),
    ("GET CONFIG", &["GET CONFIG key:expr"], true, SETTINGS),
    ("GET ENV", &["GET ENV key:expr"], true, SETTINGS),
    ("CHANGE THEME", &["CHANGE THEME theme:expr"], false, SETTINGS),
    (
        "GPIO",
        &[
            "GPIO MODE pin:expr , mode:expr",
            "GPIO SET pin:expr , level:word",
            "GPIO GET pin:expr",
            "GPIO PWM pin:expr , duty:expr",
            "GPIO SERVO pin:expr , degrees:expr",
        ],
        true,
        DEVICES,
    ),
    ("RUN PYTHON", &["RUN PYTHON WITH FILE file:expr", "RUN PYTHON code:expr"], true, SANDBOX),
    ("RUN JAVASCRIPT", &["RUN JAVASCRIPT code:expr", "RUN JS code:expr"], true, SANDBOX),
    ("RUN BASH", &["RUN BASH code:expr"], true, SANDBOX),
];

/// All of them.
pub fn keywords_not_built() -> Vec<Keyword> {
    ROWS.iter()
        .chain(rare::ROWS)
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
