"""`--to web`: a page that recognises words."""

from .page import WebPage, generate

__all__ = ["WebPage", "generate"]
