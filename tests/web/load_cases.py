"""Cases for load.py. With SPECOLA_TEST_DATA: the real ones, repeated with changes; else generated ones. Both say which words stand
in them, and how often, so that searches ask for what is there."""
import collections
import json
import os
import random
import re

import generate
from lab import DATA, ROOT, real_rows

REAL = ("cases_open", "cases_multilingual", "cases_seeds")
WORD = re.compile(r"[^\W\d_]{3,20}")
SENTENCE = re.compile(r"(?<=[.!?]) ")


class Cases:
    """A seeded source of rows, written as files that `import` takes."""

    def __init__(self, seed):
        self.chance, self.count = random.Random(seed), collections.Counter()

    def words(self):
        """Every word of the cases written, most frequent first."""
        return [word for word, _ in self.count.most_common()]

    def write(self, folder, n, source):
        """Writes n cases; returns [(path, map or None)]."""
        return self.real(folder, n, source) if DATA else self.generated(folder, n, source)

    def generated(self, folder, n, source):
        path = os.path.join(folder, source + ".ndjson")
        generate.write(path, n, self.chance.randrange(1 << 30), source)
        self.count_file(path)
        return [(path, None)]

    def real(self, folder, n, source):
        rows, out = list(real_rows()), {name: [] for name in REAL}
        texts = {}  # what other cases say at the same place
        for _, row in rows:
            for key, text in row["texts"].items():
                texts.setdefault((row["lang"], key), []).extend(SENTENCE.split(text))
        for i in range(n):
            name, row = rows[i % len(rows)]
            out[name].append(self.changed(row, i // len(rows), texts, source))
        files = []
        for name, lines in out.items():
            path = os.path.join(folder, f"{source}-{name}.ndjson")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            self.count_file(path)
            if lines:
                files.append((path, os.path.join(ROOT, f"tests/data/{name}.ini")))
        return files

    def changed(self, row, turn, texts, source):
        """The row as it is, or with another number, year and title, and every fourth sentence that of another case."""
        row = dict(row, source=f"{source}-{row['source']}")
        if turn == 0 and source == "first":
            return row
        other = lambda key: self.chance.choice(texts[row["lang"], key])
        row["source_id"] = f"{row['source_id']}-{turn}"
        row["title"] = f"{row['title'][:100]} {self.chance.choice(self.words_of(other('overview') if (row['lang'], 'overview') in texts else row['title']))} {turn}"
        row["texts"] = {key: " ".join(other(key) if self.chance.random() < 0.25 else sentence for sentence in SENTENCE.split(text))
                        for key, text in row["texts"].items()}
        if str(row.get("year") or "").isdigit():
            row["year"] = str(2005 + self.chance.randrange(20))
        return row

    @staticmethod
    def words_of(text):
        return WORD.findall(text) or ["variant"]

    def count_file(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                texts = list(row.get("texts", {}).values()) or [v for f in ("title", "summary", "overview", "activities") for v in row[f].values()]
                self.count.update(word.lower() for text in texts for word in WORD.findall(text))
