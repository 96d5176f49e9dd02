//! Routes: the bots that serve, and the files of their themes.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use botserver_kernel::{Cursor, Page};
use botserver_web::{Caller, Json, PageParameters, PageQuery, Path, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Bot, LoadedPackage, Packages};

/// All routes of this room.
pub(crate) fn routes(packages: Packages) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_bots))
        .routes(routes!(get_bot))
        .routes(routes!(theme_file))
        .routes(routes!(widget_script))
        .with_state(packages)
}

/// A bot that serves.
#[derive(Debug, Serialize, ToSchema)]
struct BotItem {
    /// Its id.
    #[schema(example = "bot_0192f0c1a2b37c4d8e9f001122334455")]
    id: String,
    /// Its name: its page is `/` and this name.
    #[schema(example = "shop")]
    name: String,
    /// What people call it.
    #[schema(example = "The Corner Shop")]
    title: String,
    /// What it does, in one sentence.
    description: Option<String>,
    /// Shown before the first message.
    welcome: Option<String>,
    /// How it looks.
    theme: ThemeItem,
    /// The version that serves.
    version: String,
}

/// How a bot looks.
#[derive(Debug, Serialize, ToSchema)]
struct ThemeItem {
    /// Main colour, as CSS.
    #[schema(example = "#9a3412")]
    accent: Option<String>,
    /// Second colour, as CSS.
    accent2: Option<String>,
    /// Address of the logo.
    logo: Option<String>,
    /// Title of the page.
    title: Option<String>,
}

/// Bots.
#[derive(Debug, Serialize, ToSchema)]
struct BotList {
    /// By name.
    items: Vec<BotItem>,
    /// Give this as `cursor` for the next page; absent on the last one.
    next_cursor: Option<String>,
}

impl BotItem {
    fn new(bot: &Bot, package: &LoadedPackage) -> Self {
        let look = &package.look;
        let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().map(str::to_owned);
        let logo = look.logo.as_deref().map(|logo| {
            if logo.contains("://") {
                logo.to_owned()
            } else {
                format!("/api/v1/bots/{}/theme/{}", bot.name, encoded(logo))
            }
        });
        Self {
            id: bot.id.to_string(),
            name: bot.name.to_string(),
            title: look.title.to_string(),
            description: text(&look.description),
            welcome: text(&look.welcome),
            theme: ThemeItem {
                accent: text(&look.accent),
                accent2: text(&look.accent2),
                logo,
                title: Some(look.title.to_string()),
            },
            version: package.hash.to_string(),
        }
    }
}

/// A path as a part of an address.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            text.push(char::from(byte));
        } else {
            text.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    text
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}

#[utoipa::path(get, path = "/api/v1/bots", tag = "bots", summary = "The bots that serve", params(PageParameters),
    responses((status = 200, body = BotList), (status = 400, description = "bad paging", body = Problem)))]
async fn list_bots(
    State(packages): State<Packages>,
    Caller(principal): Caller,
    PageQuery(page): PageQuery,
) -> Result<Json<BotList>, Problem> {
    let bots = packages.list(&principal).await?;
    let after = |name: &str| page.after.as_ref().is_none_or(|Cursor(last)| name > last.as_str());
    let mut items: Vec<BotItem> = bots
        .iter()
        .filter(|(bot, _)| after(&bot.name))
        .take(page.limit as usize + 1)
        .map(|(bot, package)| BotItem::new(bot, package))
        .collect();
    let more = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    let last = items.last().filter(|_| more).map(|bot| Cursor(bot.name.clone()));
    let Page { items, next_cursor } = Page { items, next_cursor: last };
    Ok(Json(BotList { items, next_cursor: next_cursor.map(|cursor| cursor.encode()) }))
}

#[utoipa::path(get, path = "/api/v1/bots/{bot}", tag = "bots", summary = "One bot",
    params(("bot" = String, Path, description = "Its name")),
    responses((status = 200, body = BotItem), (status = 404, description = "no such bot serves", body = Problem)))]
async fn get_bot(
    State(packages): State<Packages>,
    Caller(principal): Caller,
    Path(name): Path<String>,
) -> Result<Json<BotItem>, Problem> {
    let (bot, package) = packages.get(&principal, &name).await?;
    Ok(Json(BotItem::new(&bot, &package)))
}

#[utoipa::path(get, path = "/api/v1/bots/{bot}/theme/{*path}", tag = "bots", summary = "A file of a bot's theme",
    params(("bot" = String, Path, description = "Its name"),
           ("path" = String, Path, description = "Path of the file inside the theme")),
    responses((status = 200, description = "the file", content_type = "*/*"),
              (status = 304, description = "the file that the client has"),
              (status = 404, description = "no such bot or file", body = Problem)))]
async fn theme_file(
    State(packages): State<Packages>,
    Caller(principal): Caller,
    Path((name, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bytes = packages.theme_file(&principal, &name, &path).await?;
    let tag = format!("\"{}\"", &blake3::hash(&bytes).to_hex().as_str()[..32]);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|known| known.split(',').any(|own| own.trim().trim_start_matches("W/") == tag));
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { bytes.to_vec().into_response() };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&path)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // A drawing opened by itself is a page of this origin: it gets no scripts and no cookies.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    out.insert(header::CONTENT_SECURITY_POLICY, policy);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The launcher of `embed.js` asks for it: a script is the one thing that another site's page may load from here
/// without a word to its own policy or ours.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/widget.js", tag = "bots",
    summary = "A script that tells the launcher on another site's page how the bot looks",
    params(("bot" = String, Path, description = "Its name")),
    responses((status = 200, description = "the script", content_type = "text/javascript"),
              (status = 404, description = "no such bot serves", body = Problem)))]
async fn widget_script(
    State(packages): State<Packages>,
    Caller(principal): Caller,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (_, package) = packages.get(&principal, &name).await?;
    let look = serde_json::json!({ "accent": package.look.accent.as_deref() });
    let script = format!("document.currentScript?.dispatchEvent(new CustomEvent(\"look\", {{ detail: {look} }}));\n");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    Ok((headers, script).into_response())
}

/// Only types that a theme is made of; above all never HTML or JavaScript.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "css" => "text/css; charset=utf-8",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        _ => "application/octet-stream",
    }
}
