//! Who may do what: one table. A word that is not in it falls to the line of its resource, and at last
//! to `*`: what belongs to nobody is the owner's, and no visitor's.

use async_trait::async_trait;
use botserver_kernel::{Permission, Principal, Role};
use botserver_ports::{Authorizer, Denied, Resource};

/// What a role may do under a permission word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    /// Never.
    No,
    /// On everything in the organisation.
    Any,
    /// On what is theirs.
    Own,
}

use Grant::{Any, No, Own};

/// Word or `resource.*`, what a visitor may, what an owner may. What a person tells a bot is theirs:
/// running the server is no reason to read it.
const TABLE: &[(&str, Grant, Grant)] = &[
    ("bot.list", Any, Any),
    ("bot.read", Any, Any),
    ("bot.talk", Any, Any),
    ("bot.*", No, Any),
    ("conversation.create", Any, Any),
    ("conversation.count", No, Any),
    ("conversation.*", Own, Own),
    ("message.*", Own, Own),
    ("attachment.*", Own, Own),
    ("execution.*", Own, Own),
    ("memory.*", Own, Own),
    ("session.count", No, Any),
    ("session.*", Own, Own),
    ("*", No, Any),
];

fn grant(role: Role, word: &str) -> Grant {
    let resource = word.split('.').next().unwrap_or_default();
    let applies = |line: &str| line == word || line == "*" || line.strip_suffix(".*") == Some(resource);
    // The order of the table is its meaning: the exact word stands before its resource's line.
    let line = TABLE.iter().find(|(line, ..)| applies(line));
    match (role, line) {
        (Role::System, _) => Any,
        (Role::Visitor, Some((_, visitor, _))) => *visitor,
        (Role::Owner, Some((_, _, owner))) => *owner,
        (_, None) => No,
    }
}

/// Decides by the table and by whose the resource is.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableAuthorizer;

#[async_trait]
impl Authorizer for TableAuthorizer {
    async fn authorize(
        &self,
        principal: &Principal,
        permission: &Permission,
        resource: &Resource,
    ) -> Result<(), Denied> {
        let same_org = principal.org_id == resource.org_id;
        let allowed = same_org
            && match grant(principal.role, &permission.0) {
                Any => true,
                Own => resource.owner == Some(principal.person_id),
                No => false,
            };
        if allowed { Ok(()) } else { Err(Denied { permission: permission.0.to_string() }) }
    }
}

#[cfg(test)]
mod tests {
    use botserver_kernel::{OrgId, PersonId};
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId::new(Uuid::from_u128(1));
    const ME: PersonId = PersonId::new(Uuid::from_u128(2));
    const YOU: PersonId = PersonId::new(Uuid::from_u128(3));

    /// One column of the matrix below: `m` on mine, `o` on another's, `n` on nobody's, `.` refused.
    async fn row(role: Role, word: &'static str) -> String {
        let principal = Principal { org_id: ORG, person_id: ME, role };
        let mut text = String::new();
        for (letter, owner) in [('m', Some(ME)), ('o', Some(YOU)), ('n', None)] {
            let kind = word.split_once('.').map_or(word, |(kind, _)| kind);
            let mut resource = Resource { org_id: ORG, kind, id: None, owner };
            let allowed = TableAuthorizer.authorize(&principal, &Permission::new(word), &resource).await.is_ok();
            text.push(if allowed { letter } else { '.' });
            resource.org_id = OrgId::new(Uuid::from_u128(9));
            let foreign = TableAuthorizer.authorize(&principal, &Permission::new(word), &resource).await;
            assert!(foreign.is_err(), "{word}: another organisation is always refused");
        }
        text
    }

    #[tokio::test]
    async fn the_whole_matrix() {
        //           word                     visitor owner
        let matrix = [
            ("bot.list", "mon", "mon"),
            ("bot.read", "mon", "mon"),
            ("bot.talk", "mon", "mon"),
            ("bot.manage", "...", "mon"),
            ("conversation.create", "mon", "mon"),
            ("conversation.list", "m..", "m.."),
            ("conversation.read", "m..", "m.."),
            ("conversation.write", "m..", "m.."),
            ("conversation.delete", "m..", "m.."),
            ("conversation.count", "...", "mon"),
            ("message.read", "m..", "m.."),
            ("message.write", "m..", "m.."),
            ("attachment.read", "m..", "m.."),
            ("attachment.write", "m..", "m.."),
            ("execution.cancel", "m..", "m.."),
            ("memory.read", "m..", "m.."),
            ("session.read", "m..", "m.."),
            ("session.count", "...", "mon"),
            ("system.read", "...", "mon"),
            ("package.read", "...", "mon"),
            ("package.write", "...", "mon"),
            ("config.read", "...", "mon"),
            ("owner.read", "...", "mon"),
            ("owner.write", "...", "mon"),
            ("nobody.thought_of_it", "...", "mon"),
            ("", "...", "mon"),
        ];
        for (word, visitor, owner) in matrix {
            assert_eq!(row(Role::Visitor, word).await, visitor, "visitor, {word}");
            assert_eq!(row(Role::Owner, word).await, owner, "owner, {word}");
            assert_eq!(row(Role::System, word).await, "mon", "system, {word}");
        }
        for (line, ..) in TABLE {
            let covered =
                |word: &str| *line == word || *line == "*" || line.strip_suffix(".*") == word.split('.').next();
            assert!(matrix.iter().any(|(word, ..)| covered(word)), "{line} has no line in this test");
        }
    }
}
