//! HEAR AS BOOLEAN and menus.

use crate::text::fold;

/// Yes or no, in the words of many languages.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match fold(text).trim_end_matches(['.', '!']) {
        "yes" | "y" | "true" | "1" | "sim" | "s" | "si" | "oui" | "ja" | "da" | "ok" | "yeah" | "yep" | "sure"
        | "confirm" | "confirmed" | "accept" | "agreed" | "agree" => Some(true),
        "no" | "n" | "false" | "0" | "nao" | "non" | "nein" | "net" | "nope" | "cancel" | "deny" | "denied"
        | "reject" | "declined" | "disagree" => Some(false),
        _ => None,
    }
}

/// The option that was meant: its text in any case, its number from 1, or a part of its text that no
/// other option has. A free menu takes an option's text, and anything else as it is: a number or a
/// part may be meant literally there.
pub(super) fn menu(text: &str, options: &[String], free: bool) -> Option<String> {
    let wanted = fold(text);
    if let Some(exact) = options.iter().find(|option| fold(option.trim()) == wanted) {
        return Some(exact.clone());
    }
    if free {
        return Some(text.to_owned());
    }
    if wanted.is_empty() {
        return None;
    }
    let number = wanted.trim_end_matches(['.', ')']).parse::<usize>().ok();
    if let Some(option) = number.and_then(|number| options.get(number.checked_sub(1)?)) {
        return Some(option.clone());
    }
    let mut candidates = options.iter().filter(|option| fold(option).contains(&wanted));
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}
