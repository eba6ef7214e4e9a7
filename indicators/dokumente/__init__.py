"""Documents a Kreis needs before it goes live, filled from the running configuration: Markdown and DOCX."""

from indicators.dokumente.angaben import Betrieb, GebietAngaben, build_werte
from indicators.dokumente.schreiben import write_dokumente

__all__ = ["Betrieb", "GebietAngaben", "build_werte", "write_dokumente"]
