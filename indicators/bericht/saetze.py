"""The sentences about values, as pages and reports use them; see `indicators.satz` and `indicators.deutsch`."""

from indicators.deutsch import Bezug as Bezug
from indicators.deutsch import aufzaehlung as aufzaehlung
from indicators.deutsch import bezug_frueher as bezug_frueher
from indicators.deutsch import bezug_gruppe as bezug_gruppe
from indicators.deutsch import bezug_raum as bezug_raum
from indicators.deutsch import bezug_rest as bezug_rest
from indicators.deutsch import dativ_plural as dativ_plural
from indicators.deutsch import format_anzahl as format_anzahl
from indicators.satz import STATUS_SATZ as STATUS_SATZ
from indicators.satz import nenne_stufe as nenne_stufe
from indicators.satz import satz_bruch as satz_bruch
from indicators.satz import satz_fehlt as satz_fehlt
from indicators.satz import satz_intervall as satz_intervall
from indicators.satz import satz_lesart as satz_lesart
from indicators.satz import satz_rang as satz_rang
from indicators.satz import satz_trend as satz_trend
from indicators.satz import satz_veraenderung as satz_veraenderung
from indicators.satz import satz_vergleich as satz_vergleich
from indicators.satz import satz_wert as satz_wert
