"Search by section: each section of each page becomes an entry of Pagefind's index, as one types and from this site alone"
import asyncio, re, tempfile
from html import escape
from pathlib import Path

from docutils import nodes

from .cells import fold, name_of

def _inside(node, stop, *kinds):
    "Does `node` stand in one of `kinds`, below `stop`?"
    while (node := node.parent) is not None and node is not stop:
        if isinstance(node, kinds): return True

def parts(section):
    "Prose and code of a section without its subsections, folds left out"
    prose,code = [],[]
    for o in section.children:
        if isinstance(o, (nodes.section, nodes.title)): continue
        for t in o.findall(lambda n: isinstance(n, (nodes.paragraph, nodes.literal_block, nodes.caption, nodes.math_block))):
            if _inside(t, o, fold) or isinstance(o, fold): continue
            (code if isinstance(t, nodes.literal_block) else prose).append(t.astext())
    return prose,code

def questions(env):
    "What is asked, by the place that answers it: the rows of the page of questions, {(page, anchor): [question]}"
    found = {}
    if 'questions' not in env.found_docs: return found
    for row in env.get_doctree('questions').findall(nodes.row):
        asked,*answers = row.children
        for r in (r for a in answers for r in a.findall(nodes.reference)):
            page,_,anchor = r.get('refuri', '').partition('#')
            found.setdefault((Path(page).stem, anchor), []).append(asked.astext())
        for r in (r for a in answers for r in a.findall(lambda n: n.get('reftarget') if isinstance(n, nodes.Element) else False)):
            target,_,anchor = r['reftarget'].partition('#')
            found.setdefault((Path(target).stem, r.get('reftargetid') or anchor), []).append(asked.astext())
    return found

def entries(env, docname, asked):
    "Each section of a page, as a page of its own that knows its address"
    doctree = env.get_doctree(docname)
    page = next(iter(doctree.findall(nodes.title)), None)
    page = page.astext() if page else docname
    for s in doctree.findall(nodes.section):
        title,ids = s[0].astext(),s['ids']
        prose,code = parts(s)
        own = [q for i in ids for q in asked.get((docname, i), [])]
        if isinstance(s.parent, nodes.document): own += asked.get((docname, ''), [])
        main = docname[0]=='0' and docname[2]=='_'
        ex = re.match(r'(Exercise \d+|What you built)', title)
        heading = (f'<h1 data-pagefind-weight="1">{ex[0]}</h1><p>{escape(title[ex.end():])}</p>' if ex
                   else f'<h1 data-pagefind-weight="{10 if main else 7}">{escape(title)}</h1>')
        head = ' '.join(filter(None, [name_of(docname), page if title!=page else '']))
        yield ''.join((
            f'<html lang="en"><body data-pagefind-body>{heading}',
            f'<p data-pagefind-ignore data-pagefind-meta="page">{escape(head)}</p>',
            f'<p data-pagefind-ignore data-pagefind-meta="url">{docname}.html#{ids[0]}</p>',
            f'<p data-pagefind-weight="10" data-pagefind-meta="asked">{escape(" ".join(own))}</p>' if own else '',
            *(f'<p>{escape(o)}</p>' for o in prose),
            *(f'<pre data-pagefind-weight="0.2">{escape(o)}</pre>' for o in code), '</body></html>'))

async def write(env, out):
    "Write the index; one call for all, as each call of the service waits a tenth of a second"
    from pagefind.index import IndexConfig, PagefindIndex
    asked,docs = questions(env),sorted(d for d in env.found_docs if not d.startswith('api') and d!='404')
    with tempfile.TemporaryDirectory() as tmp:
        for i,html in enumerate(h for d in docs for h in entries(env, d, asked)):
            (Path(tmp)/f'{i}.html').write_text(html, encoding='utf-8')
        async with PagefindIndex(config=IndexConfig(output_path=str(out), include_characters='_/')) as index:
            await index.add_directory(tmp)

def on_finished(app, exc):
    if exc or app.builder.format!='html': return
    asyncio.run(write(app.env, Path(app.outdir)/'pagefind'))

def setup(app): app.connect('build-finished', on_finished)
