"""The peer of ./dev bench sigma: pySigma 2.0.1 with its SQLite backend.

Usage: pysigma-sqlite.py ENVIRONMENT EVENTS.jsonl FOLDER…

Makes the Python environment when it is not there, turns every rule that applies to the events into a query, fills a
table in memory (columns without case, as the specification wants), and prints how fast the queries alone are.
"""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import venv

COPIES = 10  # so that what a query costs by itself weighs less


def inside(environment):
    """Goes on in the environment, made anew where it is not there."""
    python = os.path.join(environment, "bin", "python")
    if not os.path.exists(os.path.join(environment, "ready")):
        venv.create(environment, with_pip=True)
        packages = ["pysigma==2.0.1", "pysigma-backend-sqlite"]
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, stdout=sys.stderr)
        open(os.path.join(environment, "ready"), "w", encoding="ascii").close()
    os.execv(python, [python, *sys.argv])


def queries(folders):
    """The rules that apply to Linux process events, as queries; how many rules there are at all."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    backend, found, loaded = sqliteBackend(), [], 0
    for path in sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.yml")):
        try:
            rules = SigmaCollection.from_yaml(path.read_text(encoding="utf-8"))
            loaded += len(rules.rules)
            source = rules.rules[0].logsource
            if source.service or source.product not in (None, "linux"):
                continue
            if source.category not in (None, "process_creation"):
                continue
            found += backend.convert(rules)
        except Exception as error:  # what it cannot do, it cannot be measured with
            print(f"{path.name}: {error}", file=sys.stderr)
    return found, loaded


def table(path):
    """The events, several times over, in memory."""
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line)["event"] for line in file]
    names = sorted({name for event in events for name in event})
    base = sqlite3.connect(":memory:")
    base.create_function("regexp", 2, lambda pattern, text: text is not None and bool(re.search(pattern, text)))
    base.execute("CREATE TABLE logs (" + ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in names) + ")")
    marks = ", ".join("?" * len(names))
    for _ in range(COPIES):
        base.executemany(f"INSERT INTO logs VALUES ({marks})", [[e.get(n) for n in names] for e in events])
    return base, names, len(events)


def main():
    environment, path, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    if not sys.prefix.startswith(os.path.realpath(environment)):
        inside(environment)
    found, rules = queries(folders)
    base, names, events = table(path)
    matches, runnable = 0, []
    for query in found:
        # A field that no event has: the column is added, empty.
        while True:
            try:
                matches += len(base.execute(query).fetchall())
                runnable.append(query)
                break
            except sqlite3.OperationalError as error:
                missing = re.match(r"no such column: (.+)", str(error))
                if not missing:
                    print(error, file=sys.stderr)
                    break
                base.execute(f'ALTER TABLE logs ADD COLUMN "{missing[1]}" TEXT COLLATE NOCASE')
    begun = time.process_time()
    for query in runnable:
        base.execute(query).fetchall()
    taken = time.process_time() - begun
    speed = events * COPIES / taken
    print(json.dumps({"rules": rules, "events": events, "events_per_second": speed, "matches": matches // COPIES}))


main()
