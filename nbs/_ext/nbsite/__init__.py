"""The site's Sphinx extension: an nbdev project as pages

`cells`  notebooks, as they are read: nbdev's directives, folds, file labels, figures, buttons
`links`  `names` in prose that the package exports become links to the API reference
`api`    one page a module, made from signatures and docments
`uses`   names inside code cells link to the reference; its entries show where they are used, and an example
`pages`  what every page carries: its place in the course, maths without a network
`search` the index of Pagefind, a section an entry
"""
from . import api, cells, links, pages, search, uses

def setup(app):
    for name in ('src', 'pkg', 'user', 'branch', 'description'): app.add_config_value(f'nbsite_{name}', '', 'env')
    for part in (cells, links, api, uses, pages, search): part.setup(app)
    return dict(env_version=3, parallel_read_safe=True, parallel_write_safe=True)
