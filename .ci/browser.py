#!/usr/bin/env python3
"""The built site in a browser: every page wide and narrow, light and dark; the searches; the widgets by keyboard.

    python .ci/browser.py SITE            a seeded tenth of the pages, all searches and widgets
    python .ci/browser.py SITE --full     every page
    python .ci/browser.py SITE PAGE...    these pages, such as 02_fwd_bwd

SITE is the folder that Sphinx has built. Needs Chromium (`apt-get install chromium`, or CHROMIUM names it).
Exits with 1 if a page says an error in the console, asks another host, is wider than its window, breaks a serious rule of axe,
or a search or a widget does not do what it should; with 2 where there is no browser.
"""
import json, os, random, re, shutil, sys, threading
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDTHS = 1440,390
SEARCHES = {   # what somebody types, and the section that must come first
    'transpose': '02_fwd_bwd.html#where-does-the-transpose-come-from',
    'bias': '02_fwd_bwd.html#why-is-the-bias-gradient-a-sum',
    'bias gradient': '02_fwd_bwd.html#why-is-the-bias-gradient-a-sum',
    '1/N': '02_fwd_bwd.html#where-does-1-n-go',
    'softmax': '07c_activations.html#softmax-every-score-touches-every-probability',
    'cross entropy': '02_fwd_bwd.html#cross-entropy-the-probabilities-minus-the-truth',
    'log(0)': '02_fwd_bwd.html#where-log-0-bites',
    'nan': '02_fwd_bwd.html#where-log-0-bites',
    'broadcasting': '02_fwd_bwd.html#a-sum-forward-is-a-broadcast-backward',
    'sum': '02_fwd_bwd.html#a-sum-forward-is-a-broadcast-backward',
    'einsum': '01_matmul.html#an-einsum-of-this-kind-is-a-matmul',
    'accumulate': '03_modules.html#g-is-overwritten-grad-adds-up',
    'zero grad': '03_modules.html#g-is-overwritten-grad-adds-up',
    'order': '02_fwd_bwd.html#why-does-the-order-reverse',
    'topological': '04_autograd.html#count-the-uses-and-cross-them-off',
    'requires_grad': '04_autograd.html#the-walk-as-it-is-used',
    'dead relu': '06_init.html#a-rate-of-1-kills-the-units',
    'learning rate': '05_training.html#the-learning-rate-is-found-not-guessed',
    'initialisation': '06_init.html#half-of-the-mean-square-is-lost-in-each-layer',
    'batch norm': '07a_norms.html#batch-norm-a-scale-and-a-shift-for-each-channel',
    'diagnose': '10_check.html#mistakes-have-signatures',
    'check_grads': '10_check.html#one-call-says-whether-a-backward-is-right',
    'pdb': '12_debug.html#after-the-accident-pdb-pm',
    'hessian': '20_higher.html#the-curvature-of-the-digit-loss'}

CUT = """() => { document.querySelectorAll('article details').forEach(d => d.open = true);     // with all folds open
  return [...document.querySelectorAll('article *')].filter(o => o.scrollWidth > o.clientWidth+1 && o.clientWidth > 20
    && getComputedStyle(o).overflowX==='hidden' && !o.closest('svg, mjx-container')).slice(0, 3)
    .map(o => o.tagName + '.' + o.className + ': ' + o.textContent.trim().slice(0, 60)) }"""

WIDE = """() => [...document.querySelectorAll('article table:not(.nb-params)')].filter(t => !t.classList.contains('nb-cards')
  && t.dataset.cards !== 'no' && t.rows[0].cells.length > 2 && t.offsetWidth > (t.closest('.table-wrapper, .output, .container, dd, section') || t.parentElement).clientWidth+1)
  .map(t => t.textContent.trim().replace(/\\s+/g, ' ').slice(0, 60))"""

class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
    def handle(self):
        try: super().handle()
        except (BrokenPipeError, ConnectionResetError): pass       # the browser went on to another page

def serve(folder):
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'http://127.0.0.1:{server.server_port}/'

def page_faults(browser, url, name, width, dark):
    "What is wrong with one page in one mode"
    ctx = browser.new_context(viewport=dict(width=width, height=900), color_scheme='dark' if dark else 'light', reduced_motion='reduce')
    page,found = ctx.new_page(),[]
    page.on('console', lambda m: m.type=='error' and found.append(f'console: {m.text[:160]}'))
    page.on('pageerror', lambda e: found.append(f'script: {str(e)[:160]}'))
    page.on('request', lambda r: r.url.startswith((url, 'data:', 'blob:')) or found.append(f'asks another host: {r.url[:100]}'))
    page.goto(f'{url}{name}.html', wait_until='load', timeout=120_000)
    page.evaluate('() => window.MathJax?.startup?.promise')
    over = page.evaluate('() => document.documentElement.scrollWidth - innerWidth')
    if over>0: found.append(f'{over} pixels wider than the window')
    said = Axe().run(page, options=dict(resultTypes=['violations'])).response['violations']
    found += [f"axe, {v['impact']}: {v['id']} at {len(v['nodes'])} places, such as {v['nodes'][0]['html'][:110]}"
              for v in said if v['impact'] in ('serious','critical')]
    found += [f'cut off, and nothing scrolls: {o}' for o in page.evaluate(CUT)]
    if width<700:
        page.wait_for_timeout(200)                                  # the folds that have just been opened
        found += [f'a table wider than the phone is no cards: {o}' for o in page.evaluate(WIDE)]
    ctx.close()
    return found

def modes_faults(folder, chromium, name):
    "What is wrong with one page in all modes, in a browser of its own"
    url = serve(folder)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=['--no-sandbox'])
        found = [f"{name}, {width} pixels, {'dark' if dark else 'light'}: {f}" for width in WIDTHS for dark in (False, True)
                 for f in page_faults(browser, url, name, width, dark)]
        browser.close()
    return found

def search_faults(browser, url):
    "Searches whose first result is another section than it should be"
    page = browser.new_page()
    page.goto(url+'index.html')
    found,field = [],page.locator('.sidebar-search')
    for typed,want in SEARCHES.items():
        field.fill(''); field.click(); field.press_sequentially(typed)
        page.wait_for_function('q => document.querySelector(".nb-found").innerText.endsWith(" for "+q)', arg=typed)
        page.wait_for_selector('.nb-hits li:first-child a', timeout=10_000)      # an entry is filled when its text has come: the second may be before the first
        got = page.locator('.nb-hits li:first-child a').get_attribute('href').removeprefix(url)
        if got!=want: found.append(f'search {typed!r}: {got} comes first, wanted {want}')
    field.press('Enter'); page.wait_for_url('**'+got)
    page.close()
    return found

def widget_faults(browser, url, names):
    "Steppers that the keyboard does not move"
    found = []
    for name in names:
        page = browser.new_page(viewport=dict(width=1440, height=900))
        page.goto(f'{url}{name}.html')
        for box in page.locator('.bn-steps').all():
            at = lambda: box.locator('.at').inner_text()
            first = at(); box.focus()
            if not first.startswith('step 1 of '): found.append(f'{name}: a stepper begins with {first!r}')
            page.keyboard.press('ArrowRight'); second = at()
            page.keyboard.press('End'); last = at()
            page.keyboard.press('Home'); again = at()
            n = first.split()[-1]
            if (second, last, again)!=(f'step 2 of {n}', f'step {n} of {n}', first): found.append(f'{name}: keys lead to {second!r}, {last!r}, {again!r}')
        page.close()
    return found

def main(folder, *args):
    chromium = os.environ.get('CHROMIUM') or shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if not chromium: print('no Chromium: the site was not looked at in a browser'); sys.exit(2)
    folder = Path(folder)
    moved = {p.stem: p.read_text(encoding='utf-8') for p in folder.glob('*.html') if 'http-equiv="refresh"' in p.read_text(encoding='utf-8')[:600]}
    lost = [f'{k}: moved to {to}, which is no page' for k,t in moved.items() for to in re.findall('url=(.*?).html', t)[:1]
            if to in moved or not (folder/f'{to}.html').exists()]
    pages = sorted({p.stem for p in folder.glob('*.html')} - moved.keys() - {'404'})     # that one asks for its files where it will be served
    pages += sorted(f'api/{p.stem}' for p in folder.glob('api/*.html'))
    steppers = [p for p in pages if 'class="bn-steps' in (folder/f'{p}.html').read_text(encoding='utf-8')]
    named = [a for a in args if not a.startswith('-')]
    some = named or (pages if '--full' in args else sorted({'index', *random.Random(0).sample(pages, len(pages)//10)}))
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        faults = lost + [f for found in pool.map(partial(modes_faults, str(folder), chromium), some) for f in found]
    url = serve(folder)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=['--no-sandbox'])
        faults += search_faults(browser, url) + widget_faults(browser, url, steppers)
        browser.close()
    print('\n'.join([*faults, f'{len(some)} pages in {2*len(WIDTHS)} modes, {len(SEARCHES)} searches, steppers of {len(steppers)} pages: {len(faults)} faults']))
    sys.exit(bool(faults))

if __name__=='__main__': main(*sys.argv[1:])
