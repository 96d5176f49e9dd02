//! The nouns of the room.

use botserver_kernel::{AttachmentId, BotId, ConversationId, MessageId, OrgId, PersonId};
use botserver_ui_tree::{FilePart, Part, Speaker};

/// A conversation of a person with a bot.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its id, which is also its lane's.
    pub id: ConversationId,
    /// Whose.
    pub org_id: OrgId,
    /// With which bot.
    pub bot_id: BotId,
    /// The person.
    pub person_id: PersonId,
    /// The first words of the person, or what they renamed it to.
    pub title: Option<String>,
    /// The person has written in it.
    pub spoken: bool,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds of the last turn.
    pub updated_at_ms: i64,
}

/// A message of the transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// Its event's number.
    pub seq: i64,
    /// Who said it.
    pub role: Speaker,
    /// What.
    pub parts: Vec<Part>,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// What the person thinks of it.
    pub rating: Option<Rating>,
}

/// What is known of one message, whether or not it still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundMessage {
    /// Who said it.
    pub role: Speaker,
    /// It was answered anew, or edited.
    pub superseded: bool,
    /// No script took it: the model or the documents answered it.
    pub free_text: bool,
}

/// Thumbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Rating {
    Up,
    Down,
}

/// A file that came with a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// Its name, without folders.
    pub filename: String,
    /// The media type, found in its first bytes where they tell.
    pub mime_type: String,
    /// Size in bytes.
    pub size: u64,
}

impl Attachment {
    /// Where it can be fetched.
    pub fn url(&self) -> String {
        format!("/api/v1/attachments/{}", self.id)
    }

    /// As a part of a message.
    pub fn part(&self) -> FilePart {
        FilePart {
            url: self.url(),
            filename: self.filename.clone(),
            mime_type: self.mime_type.clone(),
            size: self.size,
            caption: None,
        }
    }
}

/// The last part of a path, without control characters; browsers and attackers send folders.
pub(crate) fn plain_filename(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let plain = plain.trim().trim_matches('.').to_owned();
    if plain.is_empty() { "file".to_owned() } else { plain }
}

/// What a conversation is called until it is renamed: the person's first words.
pub(crate) fn title_from(text: &str) -> Option<String> {
    const LONGEST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= LONGEST {
        return Some(line);
    }
    let cut: String = line.chars().take(LONGEST).collect();
    let at_word = cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before);
    Some(format!("{at_word}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_their_folders() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.pdf", "a.pdf"),
            ("..", "file"),
            ("", "file"),
            ("a\u{0}b.txt", "ab.txt"),
            ("naïve résumé.pdf", "naïve résumé.pdf"),
        ] {
            assert_eq!(plain_filename(given), kept, "{given}");
        }
    }

    #[test]
    fn titles_end_at_a_word() {
        assert_eq!(title_from("  hello\n there "), Some("hello there".to_owned()));
        assert_eq!(title_from(" \n"), None);
        let long = title_from(&"word ".repeat(40)).unwrap();
        assert!(long.ends_with("word…") && long.chars().count() <= 61, "{long}");
    }
}
