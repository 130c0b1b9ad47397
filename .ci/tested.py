#!/usr/bin/env python3
"""Run every notebook as a test, and count them: `nbdev-test` that finds none is content.

    python .ci/tested.py          run `nbdev-test`, show what it says, and count
    python .ci/tested.py LOG      count what `nbdev-test --do-print` has written into a file
"""
import re, subprocess, sys
from pathlib import Path

nbs = Path(__file__).resolve().parent.parent/'nbs'

def missing(said):
    "Notebooks of the project that a log of `nbdev-test --do-print` does not call completed, with whatever result"
    done = {re.split(r'[/\\]', m)[-1] for m in re.findall(r'^- Completed (.+\.ipynb)\s*$', said, re.M)}
    return sorted({p.name for p in nbs.glob('*.ipynb')} - done)

def run():
    "What `nbdev-test` says, shown as it comes, and its exit status"
    said = []
    with subprocess.Popen(['nbdev-test', '--do-print'], cwd=nbs.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding='utf-8', errors='replace') as p:
        for line in p.stdout: print(line, end='', flush=True); said.append(line)
    return ''.join(said),p.returncode

def main(log=None):
    said,rc = (Path(log).read_text(encoding='utf-8', errors='replace'),0) if log else run()
    lost,n = missing(said),len(list(nbs.glob('*.ipynb')))
    if lost: sys.exit(f"{n-len(lost)} of {n} notebooks were run; these were not: {', '.join(lost)}")
    if rc or 'Tests Failed On' in said: sys.exit(f'nbdev-test ended with {rc}, and names what failed above')     # it calls those completed, too
    print(f'{n} notebooks tested')

if __name__=='__main__': main(*sys.argv[1:2])
