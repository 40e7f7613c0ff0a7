#!/usr/bin/env python3
"""Whether each threat of docs/security.md names tests that there are. usage: threats.py BUILD SOURCE

A test is the name that `ctest -N` prints; after a colon, one of its cases: a function that cmocka is given, or, of the simulator, a
text or a name in its code. What a comment says is no test. Prints what is not so; status 1 then.
"""
import functools
import pathlib
import re
import subprocess
import sys

BUILD, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])


def known_tests():
    listed = subprocess.run(["ctest", "--test-dir", BUILD, "-N"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\s*Test\s+#\d+: (\S+)", listed, re.M))


def rows(text):
    """(threat, its tests) of the table below "Threats"."""
    section = text.split("\n## Threats\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and not line.startswith("|---") and cells[0] != "threat":
            yield (cells[0], re.findall(r"`([^`]+)`", cells[-1])) if len(cells) == 3 else (line, [])


@functools.cache
def code_of(path):
    """(C source without comments and texts, its texts)."""
    parts = re.findall(r'/\*.*?\*/|//[^\n]*|("(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[^/"\']+|.)', path.read_text(encoding="utf-8"), re.S)
    return " ".join(part for part in parts if part[:1] not in ('"', "'")), {part[1:-1] for part in parts if part.startswith('"')}


def has_case(test, case):
    floor, name = test.split("/")
    if floor == "sim":
        sources = [code_of(path) for path in (SOURCE / "tests/sim").glob("*.c")]
        return any(case in texts or re.fullmatch(r"\w+", case) and re.search(rf"\b{case}\b", code) for code, texts in sources)
    source = SOURCE / f"tests/{floor}/test_{name}.c"
    return source.exists() and re.search(rf"cmocka_unit_test\w*\(\s*{re.escape(case)}\b", code_of(source)[0]) is not None


def complaints(text, tests):
    threats = list(rows(text))
    if len(threats) < 25:
        yield f"only {len(threats)} threats: is the table still there?"
    for threat, named in threats:
        if not named:
            yield f"no test: {threat}"
        for test, _, case in (name.partition(": ") for name in named):
            if test not in tests:
                yield f"there is no test {test}: {threat}"
            elif case and not has_case(test, case):
                yield f"{test} has no case \"{case}\": {threat}"


def main():
    tests = known_tests()
    text = (SOURCE / "docs/security.md").read_text(encoding="utf-8")
    found = list(complaints(text, tests))
    for broken in ("| a | b | |\n", "| a | b | `no/such` |\n", "| a | b | `keys/sign: no_such_case` |\n", "| a | b | `sim/seeds: the` |\n", "| a | `keys/sign` |\n"):
        assert len(list(complaints(text.replace("|---|---|---|\n| two", f"|---|---|---|\n{broken}| two", 1), tests))) > len(found), broken
    print("\n".join(found) or f"{len(list(rows(text)))} threats, each with tests that there are")
    sys.exit(1 if found else 0)


main()
