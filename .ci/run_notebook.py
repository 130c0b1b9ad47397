"Run notebooks whole under ipykernel, each from an empty folder, as Colab does; nothing may be left there, nor printed as an error"
import os, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

def run(path):
    "Run one notebook; returns what went wrong, or nothing"
    start = time.perf_counter()
    nb = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        try: NotebookClient(nb, timeout=600, kernel_name='python3',
                            resources={'metadata': {'path': empty}}).execute(env=dict(os.environ))
        except CellExecutionError as e: return f'{path.name}:\n{e}'
        left = sorted(p.name for p in Path(empty).iterdir())
    print(f'  {path.name} {time.perf_counter()-start:.0f} s', flush=True)
    said = [o.text for c in nb.cells for o in c.get('outputs', []) if o.output_type=='stream' and o.name=='stderr']
    wrong = [f'{what}: {v}' for what,v in (('left files behind', left), ('a reader would see on standard error', said)) if v]
    return f'{path.name}: ' + '; '.join(wrong) if wrong else None

if __name__=='__main__':
    with ThreadPoolExecutor(2) as pool: wrong = [w for w in pool.map(run, map(Path, sys.argv[1:])) if w]
    sys.exit('\n\n'.join(wrong) if wrong else 0)
