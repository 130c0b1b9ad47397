"The site's configuration. What is the project's own comes from settings.ini; `_ext/nbsite` turns notebooks into pages."
import logging, sys
from configparser import ConfigParser
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here/'_ext'), str(here.parent)]
ini = ConfigParser(delimiters=['='], interpolation=None)
ini.read(here.parent/'settings.ini', encoding='utf-8')
ini = ini['DEFAULT']
lib,user = ini['lib_name'],ini['user']
ref = f"v{ini['released']}" if ini.get('released') else ini['branch']     # what the pages document, and Colab opens
github = f'https://github.com/{user}/{lib}'

project,author = lib,ini['author']
copyright = f'{author}. Prose and figures CC BY 4.0, code Apache 2.0'
language = 'en'
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.linkcode', 'sphinx_copybutton', 'sphinxext.opengraph',
    'notfound.extension', 'nbsite']
exclude_patterns = ['_*', '**/.ipynb_checkpoints']
root_doc = 'index'
templates_path = ['_templates']

# notebooks: stored outputs, no kernel, nothing from a CDN
nb_execution_mode = 'off'
nb_merge_streams = True
nb_ipywidgets_js = {}
nb_render_markdown_format = 'myst'
myst_enable_extensions = ['dollarmath', 'amsmath', 'colon_fence', 'alert', 'deflist', 'attrs_inline', 'smartquotes']
myst_heading_anchors = 4
suppress_warnings = ['myst.header']
nbsite_src,nbsite_pkg,nbsite_user,nbsite_branch,nbsite_description = str(here),lib,user,ref,ini['description']

# maths: MathJax from the site itself (see nbsite/pages.py)
mathjax_path = 'mathjax/tex-chtml.js'
mathjax3_config = {'options': {'enableMenu': False}}

# the API reference
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
autodoc_class_signature = 'mixed'
add_module_names = False
toc_object_entries_show_parents = 'hide'
python_use_unqualified_type_names = True

def linkcode_resolve(domain, info):
    from nbsite.api import source_url
    return source_url(github, ref, here.parent, info)

html_theme = 'furo'
html_title = lib
html_baseurl = f'https://{user.lower()}.github.io/{lib}/'
ogp_site_url = html_baseurl      # what a shared link shows: title, description, a card
ogp_social_cards = {'line_color': '#0072b2', 'image': '_static/readme/index-0.png',
    'image_mini': '_static/readme/index-0.png'}     # PNG: a card takes no SVG
logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)   # the cards' font has no bold cut
notfound_urls_prefix = f'/{lib}/' # GitHub serves 404.html at any depth
html_static_path = ['_static']
html_css_files = ['site.css']
html_js_files = [('site.js', {'defer': 'defer'})]
html_favicon = '_static/logo.svg'
html_logo = '_static/logo.svg'
html_copy_source = True          # the Download button's files
html_sourcelink_suffix = ''
html_show_sourcelink = False
# code, not outputs
copybutton_selector = 'div.cell_input div.highlight pre, section > div[class*=highlight-] div.highlight pre'
copybutton_exclude = '.linenos, .gp, .go'
html_permalinks_icon = '#'
pygments_style,pygments_dark_style = 'github-light','github-dark'
