#!/usr/bin/env python3
"""PyTorch's own lists of operations and modules on a GPU, shared among processes, by the functions of page 17.

    python .ci/conformance.py                     all of them on `cuda`, in twelve processes
    python .ci/conformance.py --device cpu --only nn.functional.conv --processes 2

Prints one line of JSON: {'float64 record': {entry: [[verdict, reason], ...]}, ...}.
"""
import argparse, ast, json, os, subprocess, sys, warnings
from pathlib import Path
os.environ.update(BACKPROP_NBS_BENCH='full', MPLBACKEND='agg')
import torch
root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
WHOLE,ALSO = "PyTorch's own list of operations",{'of_module','judge_module','examine_module'}
DTYPES,MOST = (torch.float64,torch.float32),8

def page():
    "The names of page 17: its imports, its first section, and what it does with modules"
    names,section = dict(__name__='page'),''
    for c in json.loads((root/'nbs/17_conformance.ipynb').read_text(encoding='utf-8'))['cells']:
        source = ''.join(c['source'])
        if c['cell_type']=='markdown' and source.startswith('## '): section = source[3:].strip()
        if c['cell_type']!='code' or source.startswith('#| hide'): continue
        for o in ast.parse(source).body:
            imports = not section and isinstance(o, (ast.Import, ast.ImportFrom))
            if imports or section==WHOLE or isinstance(o, ast.FunctionDef) and o.name in ALSO:
                exec(compile(ast.Module([o], []), '17_conformance', 'exec'), names)
    return names

def jobs(p, device, only):
    for dtype in DTYPES:
        for op in p['differentiable']:
            if only not in op.full_name or dtype not in op.supported_dtypes(device): continue
            for way in ('record','direct'):
                yield f'{str(dtype)[6:]} {way}',op.full_name,lambda op=op, dtype=dtype, way=way: p['examine'](op, dtype, way, 1, MOST, device)
        for info in p['module_db']:
            if only in info.name:
                yield f'{str(dtype)[6:]} modules',info.name,lambda info=info, dtype=dtype: p['examine_module'](info, dtype, device)

def part(device, only, k, n):
    "Each n-th of the jobs, beginning with the k-th"
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False           # or torch's own convolutions have three digits
    p,found = page(),{}
    warnings.simplefilter('ignore')
    with p['sdpa_kernel'](p['SDPBackend'].MATH):
        for i,(run,name,job) in enumerate(jobs(p, device, only)):
            if i%n==k: found.setdefault(run, {})[name] = job()
    return found

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cuda')
    parser.add_argument('--only', default='', help='entries whose name holds this')
    parser.add_argument('--processes', type=int, default=12)
    parser.add_argument('--part', type=int, help=argparse.SUPPRESS)
    a,found = parser.parse_args(),{}
    if a.part is not None: return print(json.dumps(part(a.device, a.only, a.part, a.processes)))
    args = [sys.executable, __file__, '--device', a.device, '--only', a.only, '--processes', str(a.processes), '--part']
    running = [subprocess.Popen([*args, str(k)], stdout=subprocess.PIPE, text=True) for k in range(a.processes)]
    for r in running:
        said = r.communicate()[0]
        if r.returncode: sys.exit(f'a process ended with {r.returncode}')
        for run,entries in json.loads(said.splitlines()[-1]).items(): found.setdefault(run, {}).update(entries)
    print(json.dumps(found))

if __name__=='__main__': main()
