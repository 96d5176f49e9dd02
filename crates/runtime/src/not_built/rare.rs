//! The rarer keywords that this build cannot carry out: attendants, workflows, projects, social networks and
//! attached devices. Real packages name them; what a row means stands in the parent.

use super::{CRM, DEVICES, HUMANS, MEDIA, Row, SOCIAL, TASKS};

const WORKFLOWS: &str = "workflows";
const PROJECTS: &str = "projects";
const NAMES: &str = "name servers";

pub(super) const ROWS: &[Row] = &[
    ("GET ATTENDANT STATS", &["GET ATTENDANT STATS attendant:expr"], true, HUMANS),
    ("SET ATTENDANT STATUS", &["SET ATTENDANT STATUS attendant:expr TO status:expr"], false, HUMANS),
    ("GET TIPS", &["GET TIPS session:expr , message:expr"], true, HUMANS),
    ("POLISH MESSAGE", &["POLISH MESSAGE message:expr [, tone:expr]"], true, HUMANS),
    ("GET SMART REPLIES", &["GET SMART REPLIES session:expr"], true, HUMANS),
    ("GET SUMMARY", &["GET SUMMARY session:expr"], true, HUMANS),
    ("ANALYZE SENTIMENT", &["ANALYZE SENTIMENT session:expr , message:expr"], true, HUMANS),
    ("GET CUSTOMER HISTORY", &["GET CUSTOMER HISTORY person:expr"], true, HUMANS),
    ("ORCHESTRATE WORKFLOW", &["ORCHESTRATE WORKFLOW name:expr"], false, WORKFLOWS),
    (
        "STEP",
        &[
            "STEP number:expr : BOT bot:expr , action:expr",
            "STEP number:expr : HUMAN APPROVAL FROM person:expr [TIMEOUT timeout:expr] [ON TIMEOUT : ESCALATE TO to:expr] \
             [ON TIMEOUT : APPROVE WITH WARNING] [ON TIMEOUT : REJECT ORDER]",
            "STEP number:expr : PARALLEL",
        ],
        false,
        WORKFLOWS,
    ),
    ("BRANCH", &["BRANCH name:word : BOT bot:expr , action:expr"], false, WORKFLOWS),
    ("END PARALLEL", &["END PARALLEL"], false, WORKFLOWS),
    ("DELAY", &["DELAY seconds:expr"], false, WORKFLOWS),
    ("PLAN START", &["PLAN START name:expr [, description:expr]"], false, WORKFLOWS),
    ("PLAN END", &["PLAN END"], false, WORKFLOWS),
    ("AUTO TASK", &["AUTO TASK task:expr"], true, WORKFLOWS),
    ("REQUIRE APPROVAL", &["REQUIRE APPROVAL what:expr"], true, WORKFLOWS),
    ("SIMULATE IMPACT", &["SIMULATE IMPACT what:expr"], true, WORKFLOWS),
    ("CHECK CONSTRAINTS", &["CHECK CONSTRAINTS what:expr"], true, WORKFLOWS),
    ("AUDIT LOG", &["AUDIT LOG entry:expr [, details:expr]"], false, WORKFLOWS),
    ("DECIDE", &["DECIDE question:expr [, options:expr]"], true, WORKFLOWS),
    ("ESCALATE", &["ESCALATE TO to:expr", "ESCALATE what:expr [TO to:expr]"], true, WORKFLOWS),
    ("ASSIGN SMART", &["ASSIGN SMART task:expr , team:expr [, balanced:expr]"], true, TASKS),
    ("LINK TASKS", &["LINK TASKS first:expr , second:expr [, kind:expr]"], true, TASKS),
    ("SET TASK", &["SET TASK task:expr , field:expr , value:expr"], true, TASKS),
    ("TALK FILE", &["TALK FILE file:expr [, caption:expr]", "TALK IMAGE file:expr [, caption:expr]"], false, MEDIA),
    ("TALK TABLE", &["TALK TABLE rows:expr"], false, MEDIA),
    ("IS QUALIFIED", &["IS QUALIFIED lead:expr"], true, CRM),
    ("CREATE PROJECT", &["CREATE PROJECT values:exprs"], true, PROJECTS),
    ("ADD USER TO PROJECT", &["ADD USER TO PROJECT values:exprs"], true, PROJECTS),
    ("CREATE WHITEBOARD", &["CREATE WHITEBOARD values:exprs"], true, PROJECTS),
    ("CREATE DASHBOARD", &["CREATE DASHBOARD values:exprs"], true, PROJECTS),
    ("DELETE POST", &["DELETE POST post:expr"], true, SOCIAL),
    (
        "GET METRICS",
        &[
            "GET INSTAGRAM METRICS post:expr",
            "GET FACEBOOK METRICS post:expr",
            "GET LINKEDIN METRICS post:expr",
            "GET TWITTER METRICS post:expr",
        ],
        true,
        SOCIAL,
    ),
    (
        "GET POSTS",
        &["GET INSTAGRAM POSTS", "GET FACEBOOK POSTS", "GET LINKEDIN POSTS", "GET TWITTER POSTS"],
        true,
        SOCIAL,
    ),
    ("DNS", &["DNS SET name:expr , kind:expr , value:expr", "DNS LIST zone:expr"], true, NAMES),
    (
        "I2C",
        &["I2C SCAN", "I2C READ address:expr , register:expr", "I2C WRITE address:expr , register:expr , value:expr"],
        true,
        DEVICES,
    ),
    ("SPI", &["SPI OPEN bus:expr , device:expr [, speed:expr]", "SPI TRANSFER data:expr", "SPI CLOSE"], true, DEVICES),
    (
        "READ SENSOR",
        &[
            "READ TEMPERATURE sensor:expr [, pin:expr]",
            "READ HUMIDITY sensor:expr [, pin:expr]",
            "READ DISTANCE trigger:expr [, echo:expr]",
            "READ MOTION pin:expr",
            "READ LIGHT pin:expr",
        ],
        true,
        DEVICES,
    ),
    (
        "LCD",
        &[
            "LCD INIT address:expr [, columns:expr] [, rows:expr]",
            "LCD PRINT row:expr , text:expr [, more:expr]",
            "LCD CLEAR",
        ],
        false,
        DEVICES,
    ),
    (
        "OLED",
        &[
            "OLED INIT address:expr [, width:expr] [, height:expr]",
            "OLED PRINT text:expr [, x:expr] [, y:expr]",
            "OLED DRAW shape:exprs",
            "OLED CLEAR",
        ],
        false,
        DEVICES,
    ),
    ("RELAY SET", &["RELAY SET pin:expr , level:word"], false, DEVICES),
    ("BUZZER", &["BUZZER pin:expr [, frequency:expr] [, seconds:expr]"], false, DEVICES),
    ("CAPTURE PHOTO", &["CAPTURE PHOTO [file:expr]"], true, DEVICES),
    ("EXECUTE TOOL", &["EXECUTE TOOL tool:expr [, args:expr]"], true, "running a tool by its name"),
];
