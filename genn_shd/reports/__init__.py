"""Pages that tell what came of a run or a sweep: what they read (`runs`, `trials`), what they draw, how it is laid out.

`run_report` and `sweep_report` each make a `Page` of sections; `page` writes it as one HTML file, with its figures as
PNG and PDF beside it.
"""
