"""Reports on runs and sweeps as HTML pages: data (`runs`, `trials`), figures, tables and layout.

`run_report` and `sweep_report` each make a `Page` of sections; `page` writes it as one HTML file, with its figures as
PNG and PDF beside it.
"""
