//! Words that say little, in the languages that our own sentences are in: by them a question shows its language when it
//! is too short for statistics, and whether it leans on the question before it. Pure.

/// A language with its words of grammar.
struct Speech {
    language: &'static str,
    /// Words of grammar and of asking.
    little: &'static str,
    /// What a message begins with that goes on with the one before.
    goes_on: &'static str,
    /// What stands for something that was named before.
    stands_for: &'static str,
}

const SPEECHES: [Speech; 3] = [
    Speech {
        language: "en",
        little: "a about also am an and any are as at be been but by can could did do does for from get got had has \
                 have he her here him his how i if in into is it its just kind many may me mean might more much my no \
                 not of ok okay on one ones only or our out please same shall she should so some such tell than that \
                 the their them then there these they this those to too up us was we were what when where which who \
                 whom whose why will with without would yes you your",
        goes_on: "and|but|or|also|then|so|what about|how about|what if|what of|same|the same|likewise|only|even|else|\
                  ok and|okay and|in that case",
        stands_for: "it its that this those these them they there he she him her one ones such same",
    },
    Speech {
        language: "pt",
        little: "a ao aos as até com como da das de dela dele deles depois do dos e é ela elas ele eles em era essa \
                 essas esse esses esta está estão estas este estes eu faço fazer foi há isso isto já lá lhe mais mas \
                 me mesma mesmo meu meus minha minhas muito na não nas nem no nos nós num numa o onde os ou para pela \
                 pelo pode podem por porque posso pra preciso qual quais quando quanto quanta quantos quantas que quem \
                 se sem ser seu seus sim só sua são suas também tem têm ter tenho um uma umas uns vai vale você vocês",
        goes_on: "e|mas|ou|também|então|e se|e o|e a|nesse caso|neste caso|só|igual|o mesmo|a mesma",
        stands_for: "isso isto esse essa esses essas este esta ele ela eles elas dele dela deles delas disso desse dessa \
                     nisso nesse nessa lá mesmo mesma",
    },
    Speech {
        language: "es",
        little: "a al algo ante como cómo con cual cuál cuales cuáles cuando cuándo cuanto cuánto cuántos cuánta cuántas \
                 de del desde donde dónde e el él ella ellas ellos en entre era eres es esa esas ese eso esos esta está \
                 están estas este esto estos fue ha hacer hago hay he la las le les lo los más me mi mis misma mismo \
                 mucho muy nada ni no nos o para pero poder por porque puede pueden puedo que qué quien quién se según \
                 ser si sí sin sobre son soy su sus también te tener tengo ti tiene tienen todo tu tus u un una unas \
                 unos vale y ya yo",
        goes_on: "y|pero|o|también|entonces|y si|y el|y la|en ese caso|solo|sólo|igual|lo mismo|el mismo|la misma",
        stands_for: "eso esto ese esa esos esas este esta ello ella ellos ellas allí allá mismo misma",
    },
];

/// A question of at most so many words may lean.
const LONGEST_THAT_LEANS: usize = 12;
/// With more words of its own a question stands by itself, whatever it points at.
const MOST_OWN_WORDS: usize = 3;

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '-').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|own| own == word)
}

/// The language of a question among those that our sentences are in; `None` when it does not show.
pub fn language_of(question: &str) -> Option<&'static str> {
    let words = words(question);
    let count = |speech: &Speech| words.iter().filter(|word| has(speech.little, word)).count();
    let mut counted: Vec<(usize, &str)> = SPEECHES.iter().map(|speech| (count(speech), speech.language)).collect();
    counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match counted.as_slice() {
        [(first, language), (second, _), ..] if first > second => Some(language),
        _ => letters_of(question),
    }
}

/// Letters that only one of the languages has.
fn letters_of(question: &str) -> Option<&'static str> {
    let has = |letters: &str| question.to_lowercase().chars().any(|letter| letters.contains(letter));
    match (has("ãõçêâô"), has("ñ¿¡")) {
        (true, false) => Some("pt"),
        (false, true) => Some("es"),
        _ => None,
    }
}

/// Whether a message means little without what was asked before it: it goes on ("and for part-time?"), it points at
/// something ("how long does it take?"), or it has no word of its own.
pub(crate) fn leans(question: &str) -> bool {
    let words = words(question);
    if words.is_empty() || words.len() > LONGEST_THAT_LEANS {
        return false;
    }
    let text = format!("{} ", words.join(" "));
    SPEECHES.iter().any(|speech| {
        let own = words.iter().filter(|word| !has(speech.little, word)).count();
        let goes_on = speech.goes_on.split('|').any(|start| text.starts_with(&format!("{} ", start.trim())));
        let points = words.iter().any(|word| has(speech.stands_for, word));
        own == 0 || (own <= MOST_OWN_WORDS && (goes_on || points))
    })
}

/// The words of a text that are not of grammar, in any of the languages; all of them where nothing else is left.
pub(crate) fn own_words(text: &str) -> Vec<String> {
    let all = words(text);
    let own: Vec<String> =
        all.iter().filter(|word| !SPEECHES.iter().any(|speech| has(speech.little, word))).cloned().collect();
    if own.is_empty() { all } else { own }
}

/// What the question stands on: the newest of the questions before it that does not lean itself, with those after it;
/// oldest first. `before` is newest first.
pub(crate) fn ground(before: &[String]) -> String {
    let mut taken: Vec<&str> = Vec::new();
    for question in before.iter().take(3) {
        taken.push(question);
        if !leans(question) {
            break;
        }
    }
    taken.reverse();
    taken.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_question_shows_its_language() {
        for (question, language) in [
            ("How many days do I have?", Some("en")),
            ("quanto custa o frete?", Some("pt")),
            ("¿cuánto cuesta el envío?", Some("es")),
            ("devolução", Some("pt")),
            ("GL-47", None),
            ("", None),
        ] {
            assert_eq!(language_of(question), language, "{question}");
        }
    }

    #[test]
    fn what_leans_and_what_stands() {
        for question in [
            "and for part-time?",
            "what about Jena?",
            "how long does it take?",
            "who may do that?",
            "e os estagiários?",
            "isso vale para gatos também?",
            "¿y para los niños?",
            "why?",
        ] {
            assert!(leans(question), "{question}");
        }
        for question in [
            "annual leave carry over",
            "How many days of annual leave do I get in Leeds?",
            "Somebody nicked my computer on the train",
            "GL-47",
            "quanto custa castrar um cachorro?",
            "Is that form F-31 the right one for a claim of hotel costs abroad?",
            "",
        ] {
            assert!(!leans(question), "{question}");
        }
    }

    #[test]
    fn a_chain_is_followed_to_what_stands() {
        let before = ["and Cork?", "and Jena?", "How many days of leave in Leeds?", "hello"].map(str::to_owned);
        assert_eq!(ground(&before), "How many days of leave in Leeds?\nand Jena?\nand Cork?");
        assert_eq!(ground(&[]), "");
    }
}
