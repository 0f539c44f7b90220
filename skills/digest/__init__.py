"""The daily and the weekly digest: what of a caseload is news, in the order of what needs a decision. Pure."""

from skills.digest.lines import Needs, News, news, ordered
from skills.digest.order import KINDS, ORDER, SAFETY, Kind
from skills.digest.trends import trends

__all__ = ["KINDS", "ORDER", "SAFETY", "Kind", "Needs", "News", "news", "ordered", "trends"]
