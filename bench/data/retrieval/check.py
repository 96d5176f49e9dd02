#!/usr/bin/env python3
"""Checks the labelled retrieval set in this folder and prints its figures.

    python3 bench/data/retrieval/check.py              check, counts, word overlap, BM25 baseline
    python3 bench/data/retrieval/check.py --pool 8     also: best unlabelled passages of each question

Standard library only. Exit status 1 when a check fails. The baseline is plain BM25 without stemming or
stop words, for information: it shows that the set is neither trivial nor impossible.
"""
import collections
import json
import math
import pathlib
import re
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
KINDS = ("keyword", "paraphrase", "identifier", "typo", "long", "cross-language", "table", "negation", "none")
LANGUAGES = ("en", "pt")
TOKEN = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
STOP = set("""a an and are as at be by can do does for from has have how i if in is it its may me my no not of on or
our so than that the their them then there they this to was we what when where which who will with you your
ao aos as com como da das de do dos e em essa esse esta este eu foi há isso já la mais mas me meu minha na nas
no nos não o os ou para pela pelo por posso qual quando que quem se sem ser seu sua são só tem um uma""".split())
failures = []


def require(condition, message):
    if not condition:
        failures.append(message)


def read(name):
    rows = []
    for number, line in enumerate((HERE / name).read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            failures.append(f"{name}:{number}: {error}")
    return rows


def tokens(text):
    """Lower-case words without accents; a word with an inner hyphen or dot also counts as its parts."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    words = []
    for word in TOKEN.findall(plain):
        parts = re.split(r"[-.]", word)
        words += [word] + (parts if len(parts) > 1 else [])
    return words


PLAIN_STOP = {word for stop in STOP for word in tokens(stop)}


def content(text):
    return {word for word in tokens(text) if word not in PLAIN_STOP}


def normal(text):
    return " ".join(tokens(text))


def check_passages(passages):
    texts, ids = {}, set()
    for p in passages:
        name = p.get("id", "?")
        require(set(p) == {"id", "lang", "title", "text"}, f"{name}: wrong fields")
        require(re.fullmatch(r"(en|pt)-[a-z]{2}-\d{3}", name), f"{name}: malformed id")
        require(name not in ids, f"{name}: id used twice")
        ids.add(name)
        require(p["lang"] in LANGUAGES and name.startswith(p["lang"]), f"{name}: language {p['lang']}")
        words = sum(word != "|" for word in p["text"].split())
        require(60 <= words <= 160, f"{name}: {words} words, wanted 60 to 160")
        key = normal(p["text"])
        require(key not in texts, f"{name}: same text as {texts.get(key)}")
        texts[key] = name
        for text in (p["title"], p["text"]):
            require(unicodedata.normalize("NFC", text) == text, f"{name}: not in Unicode form NFC")
            require(text == text.strip() and "  " not in text and "\t" not in text, f"{name}: stray white space")
    titles = collections.Counter((p["lang"], p["title"]) for p in passages)
    twice = [title for title, count in titles.items() if count > 1]
    require(not twice, f"titles used twice: {twice}")
    require(len(passages) >= 320, f"{len(passages)} passages, wanted 320")
    english = sum(p["lang"] == "en" for p in passages) / max(1, len(passages))
    require(0.55 <= english <= 0.65, f"{english:.0%} English passages, wanted about 60 %")


def check_questions(questions, passages):
    ids, seen = set(), set()
    for q in questions:
        name = q.get("id", "?")
        require(set(q) == {"id", "lang", "kind", "question", "relevant"}, f"{name}: wrong fields")
        require(name not in ids, f"{name}: id used twice")
        ids.add(name)
        require(normal(q["question"]) not in seen, f"{name}: question asked twice")
        seen.add(normal(q["question"]))
        require(q["kind"] in KINDS, f"{name}: kind {q['kind']}")
        require(q["lang"] in LANGUAGES, f"{name}: language {q['lang']}")
        require((q["kind"] == "none") == (not q["relevant"]), f"{name}: empty labels belong to kind none only")
        for target, grade in q["relevant"].items():
            require(target in passages, f"{name}: no passage {target}")
            require(grade in (1, 2), f"{name}: grade {grade} of {target}")
        best = [t for t, grade in q["relevant"].items() if grade == 2 and t in passages]
        require(best or q["kind"] == "none", f"{name}: nothing answers it")
        if best:
            foreign = all(passages[t]["lang"] != q["lang"] for t in best)
            require(foreign == (q["kind"] == "cross-language"), f"{name}: kind {q['kind']}, language of the answer")
        words = normal(q["question"])
        for target in q["relevant"]:
            if target in passages and len(words.split()) >= 5:
                require(words not in normal(passages[target]["text"]), f"{name}: copied from {target}")
    kinds = collections.Counter(q["kind"] for q in questions)
    require(len(questions) >= 170, f"{len(questions)} questions, wanted 170")
    require(kinds["none"] >= 12, f"{kinds['none']} questions without an answer, wanted 12")


class Bm25:
    def __init__(self, passages, k1=1.2, b=0.75):
        self.k1, self.b = k1, b
        self.documents = {p["id"]: collections.Counter(tokens(p["title"] + "\n" + p["text"])) for p in passages}
        self.lengths = {name: sum(words.values()) for name, words in self.documents.items()}
        self.average = sum(self.lengths.values()) / len(self.lengths)
        self.holders = collections.Counter(word for words in self.documents.values() for word in words)

    def rank(self, question):
        scores = {}
        for name, words in self.documents.items():
            score = 0.0
            for word in set(tokens(question)):
                count, holders = words[word], self.holders[word]
                if count:
                    idf = math.log(1 + (len(self.documents) - holders + 0.5) / (holders + 0.5))
                    norm = self.k1 * (1 - self.b + self.b * self.lengths[name] / self.average)
                    score += idf * count * (self.k1 + 1) / (count + norm)
            if score:
                scores[name] = score
        return sorted(scores, key=lambda name: (-scores[name], name))


def ndcg(ranking, relevant, k=10):
    def gain(grades):
        return sum((2 ** grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:k]))

    return gain([relevant.get(name, 0) for name in ranking]) / gain(sorted(relevant.values(), reverse=True))


def recall(ranking, relevant, k=10):
    return len(set(ranking[:k]) & set(relevant)) / min(k, len(relevant))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def main():
    passages, questions = read("passages.jsonl"), read("questions.jsonl")
    by_id = {p["id"]: p for p in passages}
    check_passages(passages)
    check_questions(questions, by_id)
    for message in failures:
        print("FAIL", message)
    if failures:
        sys.exit(1)

    lengths = [sum(word != "|" for word in p["text"].split()) for p in passages]
    languages = collections.Counter(p["lang"] for p in passages)
    asked = collections.Counter(q["lang"] for q in questions)
    labels = collections.Counter(grade for q in questions for grade in q["relevant"].values())
    used = {target for q in questions for target in q["relevant"]}
    print(f"{len(passages)} passages {dict(languages)}, {min(lengths)} to {max(lengths)} words, mean {mean(lengths):.0f}")
    print(f"{len(questions)} questions {dict(asked)}, {labels[2]} labels of grade 2, {labels[1]} of grade 1")
    print(f"{len(used)} passages are an answer to some question, the others are distractors only\n")

    engine = Bm25(passages)
    results = []
    for q in questions:
        ranking = engine.rank(q["question"])
        best = [target for target, grade in q["relevant"].items() if grade == 2]
        words = content(q["question"])
        shared = max((len(words & content(by_id[t]["title"] + "\n" + by_id[t]["text"])) for t in best), default=0)
        results.append({
            "q": q, "ranking": ranking, "shared": shared / max(1, len(words)),
            "ndcg": ndcg(ranking, q["relevant"]) if best else None,
            "recall": recall(ranking, q["relevant"]) if best else None,
        })
    print(f"{'BM25':<16}{'questions':>10}{'nDCG@10':>10}{'recall@10':>11}{'common words':>14}")

    def line(name, rows):
        scored = [r for r in rows if r["ndcg"] is not None]
        if scored:
            figures = [mean(r[key] for r in scored) for key in ("ndcg", "recall", "shared")]
            print(f"{name:<16}{len(rows):>10}{figures[0]:>10.3f}{figures[1]:>11.3f}{figures[2]:>13.0%}")
        else:
            print(f"{name:<16}{len(rows):>10}{'-':>10}{'-':>11}{'-':>14}")

    for kind in KINDS:
        line(kind, [r for r in results if r["q"]["kind"] == kind])
    for language in LANGUAGES:
        line(f"asked in {language}", [r for r in results if r["q"]["lang"] == language and r["ndcg"] is not None])
    line("all with answer", [r for r in results if r["ndcg"] is not None])

    if "--pool" in sys.argv:
        depth = int(sys.argv[sys.argv.index("--pool") + 1])
        for r in results:
            q = r["q"]
            print(f"\n{q['id']} {q['kind']} [{q['question']}] {q['relevant']}")
            for name in r["ranking"][:depth]:
                if name not in q["relevant"]:
                    print(f"    {name} {by_id[name]['title']}")


if __name__ == "__main__":
    main()
