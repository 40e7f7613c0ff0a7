"""Generated cases of about 2 kB: words drawn by Zipf's law from 20 000, so that full text and compression meet what they meet in life."""
import bisect
import itertools
import json
import random

SYLLABLES = [c + v for c in "bcdfghlmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "io", "el")]
LEVELS = ("central", "regional", "local", "international")
STATUSES = ("planned", "in_development", "pilot", "implemented", "transferred")
STAGES = ("identifying_problems", "implementation", "evaluation", "diffusing")
COUNTRIES = ("IT", "FR", "EE", "PT", "LV", "DE", "ES", "NL", "FI", "PL")


class Words:
    """A seeded source of text."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        words = set()
        while len(words) < 20000:
            words.add("".join(self.chance.choices(SYLLABLES, k=self.chance.choice((1, 2, 2, 3, 3, 4)))))
        self.words = sorted(words)
        self.chance.shuffle(self.words)
        self.cumulative = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))

    def text(self, n):
        top, draw = self.cumulative[-1], self.chance.random
        words = [self.words[bisect.bisect(self.cumulative, draw() * top)] for _ in range(n)]
        return " ".join(words).capitalize() + "."


def rows(n, seed=1, source="bench"):
    words = Words(seed)
    chance = words.chance
    for i in range(n):
        size = chance.lognormvariate(0, 0.35)
        yield {"source": source, "source_id": str(i), "original_lang": "en", "title": {"en": words.text(7)}, "country": chance.choice(COUNTRIES),
               "level": chance.choice(LEVELS), "status": chance.choice(STATUSES), "sectors": [f"{chance.randint(1, 10):02d}"],
               "stages": [chance.choice(STAGES)], "summary": {"en": words.text(int(22 * size))}, "overview": {"en": words.text(int(73 * size))},
               "activities": {"en": words.text(int(46 * size))}, "results_achieved": {"en": words.text(int(34 * size))},
               "lessons": {"en": words.text(int(18 * size))}, "tags": [words.text(1)[:-1].lower() for _ in range(3)]}


def write(path, n, seed=1, source="bench"):
    """Writes n rows; returns the octets of their JSON."""
    octets = 0
    with open(path, "w", encoding="utf-8") as file:
        for row in rows(n, seed, source):
            line = json.dumps(row, ensure_ascii=False)
            octets += len(line.encode())
            file.write(line + "\n")
    return octets
