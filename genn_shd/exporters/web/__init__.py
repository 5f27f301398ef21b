"""`--to web`: a page that hears words."""

from .page import WebPage, generate

__all__ = ["WebPage", "generate"]
