//! The page behind an owner link, in three languages. Opening it uses nothing up, so that a program that
//! looks at links (a mail scanner, a chat's preview) does no harm; the button does.

use botserver_web::Locale;

/// The page's style; the policy of our pages allows no style inside them.
pub(crate) const STYLE: &str = include_str!("enter.css");

struct Words {
    title: &'static str,
    explain: &'static str,
    button: &'static str,
    bad_title: &'static str,
    bad: &'static str,
}

const fn words(locale: Locale) -> Words {
    match locale {
        Locale::En => Words {
            title: "Sign in as the owner",
            explain: "This link works once. Whoever uses it can manage this server from this browser.",
            button: "Sign in",
            bad_title: "This link does not work",
            bad: "It was used already, is older than a day, or is incomplete. Make a new one on the server.",
        },
        Locale::Pt => Words {
            title: "Entrar como proprietário",
            explain: "Este link funciona uma vez. Quem o usar poderá administrar este servidor neste navegador.",
            button: "Entrar",
            bad_title: "Este link não funciona",
            bad: "Já foi usado, tem mais de um dia ou está incompleto. Gere um novo no servidor.",
        },
        Locale::Es => Words {
            title: "Entrar como propietario",
            explain: "Este enlace funciona una vez. Quien lo use podrá administrar este servidor desde este navegador.",
            button: "Entrar",
            bad_title: "Este enlace no funciona",
            bad: "Ya se usó, tiene más de un día o está incompleto. Genera uno nuevo en el servidor.",
        },
    }
}

/// The page with the button.
pub(crate) fn enter(locale: Locale, token: &str) -> String {
    // Our tokens have letters, digits, `-` and `_` only; anything else is not ours and goes on no page.
    if token.is_empty()
        || token.len() > 200
        || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return refused(locale);
    }
    let Words { title, explain, button, .. } = words(locale);
    let form = format!(
        "<form method=\"post\" action=\"/owner/enter\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <button>{button}</button></form>"
    );
    page(locale, title, explain, &form)
}

/// The page for a link that does not work.
pub(crate) fn refused(locale: Locale) -> String {
    let Words { bad_title, bad, .. } = words(locale);
    page(locale, bad_title, bad, "")
}

fn page(locale: Locale, title: &str, text: &str, form: &str) -> String {
    let language = locale.as_str();
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/owner/enter.css\">\n\
         <main><h1>{title}</h1><p>{text}</p>{form}</main>\n</html>\n"
    )
}
