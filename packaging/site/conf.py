"""What Sphinx is to make of the pages that stage.py laid out: nothing in them comes from another host."""

project = "mosh-py"
html_title = "mosh-py"
project_copyright = "the mosh-py developers"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
root_doc = "index"

myst_heading_anchors = 3  # links to headings, by the names that the repository's pages use
myst_links_external_new_tab = False
suppress_warnings = ["misc.highlighting_failure"]  # sessions of a terminal are shown as they are

html_theme = "furo"  # light and dark, as the reader's system has it; the system's fonts
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
html_static_path = ["static"]
html_css_files = ["site.css"]
smartquotes_action = "qe"  # options that stand outside of code, as in headings, keep their "--"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_permalinks_icon = "#"
highlight_language = "none"  # what is marked as a language is coloured as that
pygments_style = "default"
pygments_dark_style = "monokai"
