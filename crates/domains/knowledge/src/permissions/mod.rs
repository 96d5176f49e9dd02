//! `kb.permissions.yaml`: who may read which folder, as grants of each document.
//! What cannot be understood opens nothing.

mod findings;

use serde_json::{Map, Value as Json};

pub use findings::PermissionsFinding;

/// Everybody who may talk to the bot.
pub const EVERYBODY: &str = "all";
/// Everybody who is signed in.
pub const SIGNED_IN: &str = "authenticated";

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    All,
    Authenticated,
    Role,
    Group,
    User,
    None,
}

impl Access {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "all" => Self::All,
            "authenticated" => Self::Authenticated,
            "role_based" => Self::Role,
            "group_based" => Self::Group,
            "user_based" => Self::User,
            "none" => Self::None,
            _ => return None,
        })
    }
}

/// The people that a rule names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    roles: Vec<String>,
    groups: Vec<String>,
    users: Vec<String>,
}

impl Named {
    fn grants(&self, access: Access) -> Vec<String> {
        let prefixed = |prefix: &str, names: &[String]| names.iter().map(|name| format!("{prefix}:{name}")).collect();
        match access {
            Access::All => vec![EVERYBODY.to_owned()],
            Access::Authenticated => vec![SIGNED_IN.to_owned()],
            Access::Role => prefixed("role", &self.roles),
            Access::Group => prefixed("group", &self.groups),
            Access::User => prefixed("user", &self.users),
            Access::None => Vec::new(),
        }
    }
}

/// A rule of a folder or file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// Lower case, without slashes at its ends.
    path: String,
    access: Option<Access>,
    named: Named,
    visibility: Option<Access>,
    inherit: bool,
}

/// A permissions file that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    default: Vec<String>,
    /// Whom the default names.
    named: Named,
    rules: Vec<Rule>,
    inheritance: bool,
    /// What was not understood and did no harm.
    pub warnings: Vec<String>,
}

impl Default for Permissions {
    /// Without a file: whoever may talk to the bot.
    fn default() -> Self {
        Self {
            default: vec![EVERYBODY.to_owned()],
            named: Named::default(),
            rules: Vec::new(),
            inheritance: true,
            warnings: Vec::new(),
        }
    }
}

const TOP: [&str; 8] =
    ["version", "default_access", "folders", "inheritance", "roles", "groups", "users", "description"];
const FOLDER: [&str; 7] = ["access", "roles", "groups", "users", "inherit_parent", "index_visibility", "description"];

impl Permissions {
    /// Reads the file; the error is a sentence for its owner.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())?;
        let json: Json = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let Json::Object(top) = json else {
            return Err("the file must have keys such as `default_access` and `folders`".to_owned());
        };
        let mut warnings = unknown(&top, &TOP, "");
        match top.get("version") {
            None => {}
            Some(version) if text_of(version).is_some_and(|version| version.starts_with('1')) => {}
            Some(version) => return Err(format!("`version: {version}` is not known; this build reads version 1")),
        }
        let default = access_of(&top, "default_access", "")?.unwrap_or(Access::Authenticated);
        let named = named_of(&top, "")?;
        let default = named.grants(default);
        let inheritance = flag_of(&top, "inheritance", "")?.unwrap_or(true);
        let mut rules = Vec::new();
        for (path, rule) in folders(top.get("folders"))? {
            let at = format!("folders.{path}: ");
            let Json::Object(fields) = rule else {
                return Err(format!("{at}expected keys such as `access` and `roles`"));
            };
            warnings.extend(unknown(&fields, &FOLDER, &at));
            let access = access_of(&fields, "access", &at)?;
            let named = named_of(&fields, &at)?;
            if access.is_some_and(|access| named.grants(access).is_empty() && access != Access::None) {
                warnings.push(format!("{at}nobody is named, so nobody may read it"));
            }
            rules.push(Rule {
                path: path.trim_matches('/').to_lowercase(),
                access,
                named,
                visibility: access_of(&fields, "index_visibility", &at)?,
                inherit: flag_of(&fields, "inherit_parent", &at)?.unwrap_or(true),
            });
        }
        // The longest path that fits decides.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.path.len()));
        Ok(Self { default, named, rules, inheritance, warnings })
    }

    /// Who may read the document at this path.
    pub fn grants(&self, path: &str) -> Vec<String> {
        let lower = path.to_lowercase();
        // A rule may name a file, also without its extension (`products/pricing`).
        let folder = lower.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file = lower.rsplit('/').next().unwrap_or_default();
        let stem = lower.len() - file.len() + file.rsplit_once('.').map_or(file.len(), |(stem, _)| stem.len());
        let fits = |rule: &&Rule| {
            let own = rule.path.as_str();
            if own == lower || own == &lower[..stem] || own == folder {
                return true;
            }
            self.inheritance && folder.strip_prefix(own).is_some_and(|rest| own.is_empty() || rest.starts_with('/'))
        };
        let mut grants = None;
        let mut visibility = None;
        for rule in self.rules.iter().filter(fits) {
            visibility = visibility.or_else(|| rule.visibility.map(|own| (own, &rule.named)));
            match rule.access {
                Some(access) => {
                    grants = Some(rule.named.grants(access));
                    break;
                }
                None if rule.inherit => {}
                None => break,
            }
        }
        let mut grants = grants.unwrap_or_else(|| self.default.clone());
        // What may be found is a part of what may be read; it never opens a document.
        if let Some((visible, named)) = visibility {
            let open = |grants: &[String]| grants.iter().any(|grant| grant == EVERYBODY || grant == SIGNED_IN);
            match visible {
                Access::None => grants.clear(),
                Access::Authenticated if grants.iter().any(|grant| grant == EVERYBODY) => {
                    grants = vec![SIGNED_IN.to_owned()];
                }
                Access::Role | Access::Group | Access::User if open(&grants) => grants = named.grants(visible),
                _ => {}
            }
        }
        grants.sort();
        grants.dedup();
        grants
    }
}

/// `folders` as a map from path to rule, or as a list of rules with a `path`.
fn folders(json: Option<&Json>) -> Result<Vec<(String, Json)>, String> {
    match json {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Object(map)) => Ok(map.iter().map(|(path, rule)| (path.clone(), rule.clone())).collect()),
        Some(Json::Array(list)) => list
            .iter()
            .map(|rule| {
                let mut fields = rule.as_object().cloned().ok_or("`folders` must hold rules with keys")?;
                let path = ["path", "folder", "name"].iter().find_map(|key| fields.shift_remove(*key));
                let path = path.as_ref().and_then(text_of).ok_or("a rule in `folders` has no `path`")?;
                Ok((path, Json::Object(fields)))
            })
            .collect(),
        Some(_) => Err("`folders` must map paths to rules".to_owned()),
    }
}

fn unknown(fields: &Map<String, Json>, known: &[&str], at: &str) -> Vec<String> {
    let strange = fields.keys().filter(|key| !known.contains(&key.as_str()));
    strange.map(|key| format!("{at}the key `{key}` is not known and has no effect")).collect()
}

fn access_of(fields: &Map<String, Json>, key: &str, at: &str) -> Result<Option<Access>, String> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    let known = value.as_str().and_then(|word| Access::from_word(word.trim()));
    known.map(Some).ok_or_else(|| {
        format!("{at}`{key}: {value}` is none of all, authenticated, role_based, group_based, user_based and none")
    })
}

fn named_of(fields: &Map<String, Json>, at: &str) -> Result<Named, String> {
    let names = |key: &str| -> Result<Vec<String>, String> {
        let wrong = || format!("{at}`{key}` must be a list of names");
        match fields.get(key) {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Array(list)) => list
                .iter()
                .map(|name| text_of(name).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()))
                .collect::<Option<_>>()
                .ok_or_else(wrong),
            Some(one) => text_of(one).map(|name| vec![name]).ok_or_else(wrong),
        }
    };
    Ok(Named { roles: names("roles")?, groups: names("groups")?, users: names("users")? })
}

fn flag_of(fields: &Map<String, Json>, key: &str, at: &str) -> Result<Option<bool>, String> {
    match fields.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value.as_bool().map(Some).ok_or_else(|| format!("{at}`{key}` must be true or false")),
    }
}

fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
version: 1
default_access: authenticated
inheritance: true
folders:
  public: { access: all }
  products: { access: all, index_visibility: all }
  products/pricing:
    access: role_based
    roles: [sales_team, account_managers]
    inherit_parent: false
  internal: { access: authenticated }
  internal/open: { access: all, index_visibility: authenticated }
  hr: { access: group_based, groups: [hr_department], colour: red }
  hr/board: { access: user_based, users: [ceo@company.com], index_visibility: none }
  hr/archive: { index_visibility: group_based }
  loose: { inherit_parent: false }
  closed: { access: none }
  nobody: { access: role_based }
";

    #[test]
    fn the_most_exact_rule_decides() {
        let own = Permissions::parse(FILE.as_bytes()).expect("a good file");
        for (path, grants) in [
            ("public/faq.md", "all"),
            ("Public/deep/er/faq.md", "all"),
            ("products/catalog.md", "all"),
            ("products/pricing.md", "role:account_managers role:sales_team"),
            ("products/pricing/2026.md", "role:account_managers role:sales_team"),
            ("products/pricing-old.md", "all"),
            ("internal/a.md", "authenticated"),
            ("internal/open/a.md", "authenticated"),
            ("hr/a.md", "group:hr_department"),
            ("hr/archive/a.md", "group:hr_department"),
            ("hr/board/a.md", ""),
            ("loose/a.md", "authenticated"),
            ("closed/a.md", ""),
            ("nobody/a.md", ""),
            ("elsewhere/a.md", "authenticated"),
            ("a.md", "authenticated"),
        ] {
            assert_eq!(own.grants(path).join(" "), grants, "{path}");
        }
        assert_eq!(
            own.warnings,
            [
                "folders.hr: the key `colour` is not known and has no effect",
                "folders.nobody: nobody is named, so nobody may read it",
            ]
        );
    }

    #[test]
    fn without_a_file_everybody_may_read() {
        assert_eq!(Permissions::default().grants("a/b.md"), ["all"]);
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        for bad in [
            "default_access: everyone",
            "folders: 3",
            "folders: { a: all }",
            "folders: { a: { access: all, roles: { b: c } } }",
            "version: 2",
            "- a\n- b",
            "folders: [",
            "default_access: none\n default_access: all",
            "folders: { a: { inherit_parent: perhaps } }",
        ] {
            assert!(Permissions::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Permissions::parse(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn folders_may_be_a_list() {
        let own = Permissions::parse(b"default_access: none\nfolders:\n  - path: /a/\n    access: all\n");
        let own = own.expect("a good file");
        assert_eq!(own.grants("a/x.md"), ["all"]);
        assert!(own.grants("b/x.md").is_empty());
    }
}
