//! Who reads: the grants that a person holds, and how an owner names a person as whom to ask. Knows no documents.

use botserver_kernel::{Principal, Role};

use crate::{EVERYBODY, SIGNED_IN};

/// How `--as` and the API name a person.
const FORMS: &str = "write visitor, owner, or what the person holds: role:NAME, group:NAME, user:NAME, with commas \
    between them";

/// What a person holds: a document that grants one of these may be read.
pub fn grants_of(principal: &Principal) -> Vec<String> {
    let mut grants = vec![EVERYBODY.to_owned(), format!("user:{}", principal.person_id)];
    match principal.role {
        Role::Visitor => {}
        Role::Owner => grants.extend([SIGNED_IN.to_owned(), "role:owner".to_owned()]),
        Role::System => grants.extend([SIGNED_IN.to_owned(), "role:owner".to_owned(), "role:system".to_owned()]),
    }
    grants
}

/// The grants of a person who is named as in `--as`: `visitor`, `owner`, or grants with commas between them. The error
/// is a sentence that lists the forms.
pub fn grants_as(name: &str) -> Result<Vec<String>, String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match name.trim() {
        "visitor" => return Ok(words(&[EVERYBODY])),
        "owner" => return Ok(words(&[EVERYBODY, SIGNED_IN, "role:owner"])),
        _ => {}
    }
    let mut grants: Vec<String> = name.split(',').map(|grant| grant.trim().to_owned()).collect();
    check_grants(&grants)?;
    // Whoever holds something is signed in.
    for usual in [EVERYBODY, SIGNED_IN] {
        if !grants.iter().any(|grant| grant == usual) {
            grants.push(usual.to_owned());
        }
    }
    Ok(grants)
}

/// Every word must be one that a document can grant; the error is a sentence that lists the forms.
pub fn check_grants(grants: &[String]) -> Result<(), String> {
    let known = |grant: &str| {
        let named = grant
            .split_once(':')
            .is_some_and(|(kind, name)| matches!(kind, "role" | "group" | "user") && !name.trim().is_empty());
        named || grant == EVERYBODY || grant == SIGNED_IN
    };
    match grants.iter().find(|grant| !known(grant)) {
        Some(strange) => Err(format!("`{strange}` is nobody who could ask; {FORMS}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_named_in_three_forms() {
        assert_eq!(grants_as("visitor").unwrap(), ["all"]);
        assert_eq!(grants_as(" owner ").unwrap(), ["all", "authenticated", "role:owner"]);
        assert_eq!(
            grants_as("role:hr, user:ada@example.com").unwrap(),
            ["role:hr", "user:ada@example.com", "all", "authenticated"]
        );
        assert_eq!(grants_as("all").unwrap(), ["all", "authenticated"]);
    }

    #[test]
    fn what_is_no_person_is_refused_with_the_forms() {
        for wrong in ["", "bob", "hr", "roles:hr", "role:", "role:hr,,user:ada", "owner,role:hr"] {
            let error = grants_as(wrong).unwrap_err();
            assert!(error.contains("role:NAME") && error.contains("visitor"), "{wrong}: {error}");
        }
    }
}
