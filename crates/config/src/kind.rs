//! What a value may look like: the check, the conversion and the masking of every kind of setting.

use std::net::{IpAddr, SocketAddr};

/// The kind of a value; values are text, and their key decides how the text is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number within bounds.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number within bounds.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// `true`, `false` and their usual spellings.
    Boolean,
    /// A duration: `90`, `30s`, `5m`, `24h`, `7d`, `2 weeks`; a bare number is seconds.
    Seconds,
    /// A size: `1048576`, `512 KB`, `10 MB`, `1 GB`; a bare number is bytes.
    Bytes,
    /// `#rgb`, `#rrggbb`, `rgb(r, g, b)` or the name of a colour.
    Colour,
    /// An `http` or `https` address.
    Url,
    /// A text that is never shown.
    Secret,
    /// An address whose password is never shown: `postgres://user:password@host/name`.
    Connection,
    /// Texts separated by commas.
    List,
    /// `host:port`s separated by commas.
    HostPorts,
    /// Web origins (`https://example.com`) separated by commas.
    Origins,
    /// Addresses and ranges of addresses (`10.0.0.0/8`) separated by commas.
    Networks,
    /// An IP address and port to listen on.
    Listen,
    /// The IANA name of a time zone.
    TimeZone,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What is shown instead of a secret.
const MASK: &str = "••••";

impl Kind {
    /// Any whole number from 0.
    pub const COUNT: Self = Self::Integer { min: 0, max: i64::MAX };
    /// A share between 0 and 1.
    pub const SHARE: Self = Self::Number { min: 0.0, max: 1.0 };
    /// A TCP port.
    pub const PORT: Self = Self::Integer { min: 1, max: 65_535 };

    /// Checks a text; the error completes "`value` is …", such as "not a whole number".
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            Self::Text | Self::Secret | Self::List => Ok(()),
            Self::Integer { min, max } => match integer(text) {
                Some(number) if number < min || number > max => Err(bounds(min, max, i64::MAX)),
                Some(_) => Ok(()),
                None => Err("not a whole number".to_owned()),
            },
            Self::Number { min, max } => match number(text) {
                Some(number) if number < min || number > max => Err(format!("not between {min} and {max}")),
                Some(_) => Ok(()),
                None => Err("not a number".to_owned()),
            },
            Self::Boolean => boolean(text).map(|_| ()).ok_or_else(|| "neither true nor false".to_owned()),
            Self::Seconds => {
                seconds(text).map(|_| ()).ok_or_else(|| "not a duration such as 90, 30s, 5m, 24h or 7d".to_owned())
            }
            Self::Bytes => bytes(text).map(|_| ()).ok_or_else(|| "not a size such as 512 KB or 10 MB".to_owned()),
            Self::Colour => {
                if is_colour(text) {
                    Ok(())
                } else {
                    Err("not a colour such as #0d6efd or navy".to_owned())
                }
            }
            Self::Url => {
                if is_web_address(text) {
                    Ok(())
                } else {
                    Err("not an http:// or https:// address".to_owned())
                }
            }
            Self::Connection => {
                if text.contains("://") {
                    Ok(())
                } else {
                    Err("not an address such as sqlite://PATH".to_owned())
                }
            }
            Self::HostPorts => match list(text).find(|item| !is_host_port(item)) {
                Some(item) => Err(format!("no list of host:port (see `{item}`)")),
                None => Ok(()),
            },
            Self::Origins => match list(text).find(|item| !is_web_origin(item)) {
                Some(item) => Err(format!("no list of origins such as https://example.com (see `{item}`)")),
                None => Ok(()),
            },
            Self::Networks => match list(text).find(|item| !is_network(item)) {
                Some(item) => Err(format!("no list of addresses or ranges such as 10.0.0.0/8 (see `{item}`)")),
                None => Ok(()),
            },
            Self::Listen => match text.parse::<SocketAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err("not an IP address and port such as 127.0.0.1:8080 or [::]:8080".to_owned()),
            },
            Self::TimeZone => match jiff::tz::TimeZone::get(text) {
                Ok(_) => Ok(()),
                Err(_) => Err("not the name of a time zone such as Europe/Lisbon".to_owned()),
            },
            Self::Choice(words) => {
                if words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                    Ok(())
                } else {
                    Err(format!("none of {}", words.join(", ")))
                }
            }
        }
    }

    /// True if a value or a part of it may have to be hidden, so that it may come from a file of its own.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Connection)
    }

    /// True if nothing of the value is shown.
    pub const fn is_hidden(self) -> bool {
        matches!(self, Self::Secret)
    }

    /// The value as it may be shown.
    pub fn shown(self, text: &str) -> String {
        match self {
            Self::Secret if text.is_empty() => String::new(),
            Self::Secret => MASK.to_owned(),
            Self::Connection => without_password(text),
            _ => text.to_owned(),
        }
    }
}

fn bounds(min: i64, max: i64, endless: i64) -> String {
    if max == endless { format!("less than {min}") } else { format!("not between {min} and {max}") }
}

/// A whole number; `_` may separate digits.
pub(crate) fn integer(text: &str) -> Option<i64> {
    text.trim().replace('_', "").parse().ok()
}

/// A finite number with a decimal point.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `true`, `false` and their usual spellings.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "enabled" => Some(true),
        "false" | "no" | "off" | "0" | "disabled" => Some(false),
        _ => None,
    }
}

/// Splits `30 days` into `30` and `days`.
fn with_unit(text: &str) -> Option<(u64, String)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    Some((amount.replace('_', "").parse().ok()?, unit.trim().to_ascii_lowercase()))
}

/// A duration in seconds.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (amount, unit) = with_unit(text)?;
    let factor = match unit.as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    };
    amount.checked_mul(factor)
}

/// A size in bytes; KB is 1,024 bytes, as people read file sizes.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (amount, unit) = with_unit(text)?;
    let factor = match unit.as_str() {
        "" | "b" | "byte" | "bytes" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1_u64 << 40,
        _ => return None,
    };
    amount.checked_mul(factor)
}

/// The items of a comma-separated list, without empty ones.
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    // As TOML writes one, `["a", "b"]`, too: that is how messages and pages show them. A bracket alone begins an address.
    let inside =
        text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|rest| rest.contains('"'));
    let items = inside.unwrap_or(text).split(',');
    items.map(|item| item.trim().trim_matches('"').trim()).filter(|item| !item.is_empty())
}

/// `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb(…)`, or a name of the CSS colour list.
fn is_colour(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    if let Some(hex) = text.strip_prefix('#') {
        return matches!(hex.len(), 3 | 4 | 6 | 8) && hex.chars().all(|c| c.is_ascii_hexdigit());
    }
    if let Some(parts) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        return parts.split(',').count() == 3 && parts.split(',').all(|part| part.trim().parse::<u8>().is_ok());
    }
    COLOUR_NAMES.binary_search(&text.as_str()).is_ok()
}

fn is_web_address(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            !host.is_empty() && !text.contains(char::is_whitespace)
        })
    })
}

/// Scheme, host and port only.
fn is_web_origin(text: &str) -> bool {
    is_web_address(text) && !text.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#', '@']))
}

fn is_host_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        let plain = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
        !host.is_empty() && plain && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= longest))
}

/// An address with dots in place of its password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    if scheme.eq_ignore_ascii_case("sqlite") || scheme.eq_ignore_ascii_case("file") {
        return url.to_owned();
    }
    // A password may hold anything, also what it should not: up to the last `@`.
    let login = rest.rfind('@').and_then(|at| Some((at, rest[..at].split_once(':')?.0)));
    let shown = match login {
        Some((at, user)) => format!("{scheme}://{user}:{MASK}{}", &rest[at..]),
        None => url.to_owned(),
    };
    let Some((address, query)) = shown.split_once('?') else { return shown };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// The colour names of CSS, sorted.
#[rustfmt::skip]
const COLOUR_NAMES: &[&str] = &[
    "aliceblue", "antiquewhite", "aqua", "aquamarine", "azure", "beige", "bisque", "black", "blanchedalmond", "blue",
    "blueviolet", "brown", "burlywood", "cadetblue", "chartreuse", "chocolate", "coral", "cornflowerblue", "cornsilk",
    "crimson", "cyan", "darkblue", "darkcyan", "darkgoldenrod", "darkgray", "darkgreen", "darkgrey", "darkkhaki",
    "darkmagenta", "darkolivegreen", "darkorange", "darkorchid", "darkred", "darksalmon", "darkseagreen",
    "darkslateblue", "darkslategray", "darkslategrey", "darkturquoise", "darkviolet", "deeppink", "deepskyblue",
    "dimgray", "dimgrey", "dodgerblue", "firebrick", "floralwhite", "forestgreen", "fuchsia", "gainsboro",
    "ghostwhite", "gold", "goldenrod", "gray", "green", "greenyellow", "grey", "honeydew", "hotpink", "indianred",
    "indigo", "ivory", "khaki", "lavender", "lavenderblush", "lawngreen", "lemonchiffon", "lightblue", "lightcoral",
    "lightcyan", "lightgoldenrodyellow", "lightgray", "lightgreen", "lightgrey", "lightpink", "lightsalmon",
    "lightseagreen", "lightskyblue", "lightslategray", "lightslategrey", "lightsteelblue", "lightyellow", "lime",
    "limegreen", "linen", "magenta", "maroon", "mediumaquamarine", "mediumblue", "mediumorchid", "mediumpurple",
    "mediumseagreen", "mediumslateblue", "mediumspringgreen", "mediumturquoise", "mediumvioletred", "midnightblue",
    "mintcream", "mistyrose", "moccasin", "navajowhite", "navy", "oldlace", "olive", "olivedrab", "orange",
    "orangered", "orchid", "palegoldenrod", "palegreen", "paleturquoise", "palevioletred", "papayawhip", "peachpuff",
    "peru", "pink", "plum", "powderblue", "purple", "rebeccapurple", "red", "rosybrown", "royalblue", "saddlebrown",
    "salmon", "sandybrown", "seagreen", "seashell", "sienna", "silver", "skyblue", "slateblue", "slategray",
    "slategrey", "snow", "springgreen", "steelblue", "tan", "teal", "thistle", "tomato", "turquoise", "violet",
    "wheat", "white", "whitesmoke", "yellow", "yellowgreen",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_names_are_sorted() {
        assert!(COLOUR_NAMES.is_sorted());
    }

    #[test]
    fn kinds_accept_and_refuse() {
        let good: &[(Kind, &[&str])] = &[
            (Kind::PORT, &["1", "8080", "65535"]),
            (Kind::SHARE, &["0", "0.5", "1.0"]),
            (Kind::Boolean, &["true", "FALSE", "yes", "0", "disabled"]),
            (Kind::Seconds, &["0", "90", "30s", "5 m", "24h", "1d", "2 weeks"]),
            (Kind::Bytes, &["0", "1_000", "512 KB", "10MB", "1 GiB"]),
            (Kind::Colour, &["#abc", "#0D6EFD", "Navy", "rgb(1, 2, 255)"]),
            (Kind::Url, &["http://localhost:8081", "https://example.com/v1?x=1"]),
            (Kind::HostPorts, &["", "10.0.0.5:80", "db.local:5432, [::1]:80"]),
            (Kind::Origins, &["", "https://example.com, http://localhost:5173"]),
            (Kind::Networks, &["", "127.0.0.1, ::1", "10.0.0.0/8, fd00::/8"]),
            (Kind::Listen, &["127.0.0.1:8080", "[::]:80"]),
            (Kind::TimeZone, &["America/Sao_Paulo", "UTC"]),
            (Kind::Choice(&["text", "json"]), &["json", "TEXT"]),
        ];
        for (kind, texts) in good {
            for text in *texts {
                assert_eq!(kind.check(text), Ok(()), "{text}");
            }
        }
        let bad: &[(Kind, &[&str])] = &[
            (Kind::PORT, &["", "0", "65536", "80a", "1.5", "99999999999999999999"]),
            (Kind::SHARE, &["", "1.1", "-1", "NaN", "inf"]),
            (Kind::Boolean, &["", "maybe", "2"]),
            (Kind::Seconds, &["", "-1", "5 fortnights", "18446744073709551615 w"]),
            (Kind::Bytes, &["", "ten", "18446744073709551615 TB", "1 parsec"]),
            (Kind::Colour, &["", "#12", "#gggggg", "rgb(1,2)", "rgb(1,2,256)", "notacolour", "red;background:url(x)"]),
            (Kind::Url, &["", "localhost", "ftp://x", "http://", "http:// x", "javascript:alert(1)"]),
            (Kind::HostPorts, &["host", "host:0", ":80", "http://x:80", "a b:80"]),
            (Kind::Origins, &["example.com", "https://example.com/path", "https://u@example.com", "*"]),
            (Kind::Networks, &["proxy", "10.0.0.0/33", "10.0.0/8", "::1/129", "10.0.0.1/"]),
            (Kind::Listen, &["8080", "localhost:8080", "1.2.3.4"]),
            (Kind::TimeZone, &["", "Mars/Olympus"]),
            (Kind::Choice(&["text", "json"]), &["", "yaml"]),
        ];
        for (kind, texts) in bad {
            for text in *texts {
                assert!(kind.check(text).is_err(), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn passwords_are_hidden() {
        assert_eq!(Kind::Secret.shown("hunter2"), MASK);
        assert_eq!(Kind::Connection.shown("postgres://bot:p@ss@db/bots"), format!("postgres://bot:{MASK}@db/bots"));
        assert_eq!(Kind::Connection.shown("postgres://bot:p/s?s@db/bots"), format!("postgres://bot:{MASK}@db/bots"));
        let asked = Kind::Connection.shown("postgres://db/bots?user=bot&password=hunter2&schema=a");
        assert_eq!(asked, format!("postgres://db/bots?user=bot&password={MASK}&schema=a"));
        for shown in ["sqlite:///var:lib/b@t.db", "file:///var/objects", "postgres://bot@db/bots"] {
            assert_eq!(Kind::Connection.shown(shown), shown);
        }
    }
}
