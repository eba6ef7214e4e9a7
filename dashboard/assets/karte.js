/* The map: `new Karte(element, …)` draws Räume on canvas; `SR` holds German numbers and words for all scripts.
 *
 * Three layers, moved together by one CSS transform during a gesture and drawn sharply when it settles:
 *   flaechen  every pixel holds the number of its Raum (own scanline fill, never read back from a canvas);
 *             a new Stichtag is one look-up per pixel and touches neither geometry nor borders
 *   linien    borders, outlines of the level above, names
 *   auswahl   selection, hover, keyboard focus
 * `sicht` {s, x, y} turns grid units of the file (y down) into CSS px: px = grid * s + x. Rasters are device px.
 */
(function () {
'use strict';

// ------------------------------------------------------------------ numbers and words

const FORMATE = new Map();

function zahl(wert, stellen = 1) {
  if (wert === null || wert === undefined || Number.isNaN(wert)) return '';
  const genau = { minimumFractionDigits: stellen, maximumFractionDigits: stellen };
  if (!FORMATE.has(stellen)) FORMATE.set(stellen, new Intl.NumberFormat('de-DE', genau));
  return FORMATE.get(stellen).format(wert);
}

function mitEinheit(wert, einheit, stellen = 1) {
  const text = zahl(wert, stellen);
  return text && einheit ? `${text}\u00a0${einheit}` : text;
}

const SR = {
  zahl,
  mitEinheit,
  prozent: (wert, stellen) => mitEinheit(wert, '%', stellen),
  intervall: (unten, oben, stellen) => unten === null || oben === null ? '' : `${zahl(unten, stellen)}–${zahl(oben, stellen)}`,
  /** Signs of official statistics. "0" and "–" (exactly nothing) are values. */
  zeichen: { gesperrt: '.', gesperrt_quelle: '.', nicht_geliefert: '…', nicht_sinnvoll: 'x', nicht_definiert: 'x', nicht_umgerechnet: 'x' },
  statustext: {
    offen: 'offen',
    unsicher: 'Wert unsicher',
    gesperrt: 'gesperrt (Geheimhaltung)',
    gesperrt_quelle: 'von der Quelle geheim gehalten',
    nicht_geliefert: 'noch nicht geliefert',
    nicht_sinnvoll: 'Angabe nicht sinnvoll',
    nicht_definiert: 'nicht berechenbar (Nenner ist 0)',
    nicht_umgerechnet: 'nicht umgerechnet (zu stark neu zugeschnitten)',
  },
  /** One text per class, for legends. */
  klassentexte: (kanten, stellen, einheit = '') => kanten.slice(1).map((oben, i) => {
    const bis = i < kanten.length - 2 ? 'bis unter' : 'bis';
    return `${zahl(kanten[i], stellen)} ${bis} ${mitEinheit(oben, einheit, stellen)}`;
  }),
  /** CSS background of a legend swatch that looks like the map; `farbe`: class colour below "unsicher". */
  schraffur: (status, farbe) => {
    const art = MUSTER[status], [grund, strich] = hatch(art, farbe);
    const linien = (grad, flaeche) => `repeating-linear-gradient(${grad}deg,${strich} 0 1px,${flaeche} 1px 5.6px)`;
    if (art === 2) return `radial-gradient(${strich} 1px,${grund} 1.5px) 0 0/7px 7px`;
    if (art === 3) return `${linien(135, 'transparent')},${linien(45, grund)}`;
    return linien(art === 1 ? 135 : 45, grund);
  },
};

// ------------------------------------------------------------------ files

const CODES = ['offen', 'gesperrt', 'gesperrt_quelle', 'nicht_geliefert', 'nicht_sinnvoll', 'nicht_definiert', 'nicht_umgerechnet'];
const DATEIEN = new Map(); // URL → promise, for the page's life: going back costs no byte

function hole(url, lies) {
  if (!DATEIEN.has(url)) {
    const datei = fetch(url).then(async (antwort) => {
      if (!antwort.ok) throw new Error(`${url}: HTTP ${antwort.status}`);
      const puffer = await antwort.arrayBuffer();
      const laenge = new DataView(puffer).getUint32(0, true);
      return lies(JSON.parse(new TextDecoder().decode(new Uint8Array(puffer, 4, laenge))), puffer, 4 + laenge);
    });
    datei.catch(() => DATEIEN.delete(url)); // a failure is tried again
    DATEIEN.set(url, datei);
  }
  return DATEIEN.get(url);
}

/** Delta-coded rings → grid coordinates, first point of each ring, first ring and box of each Raum. */
function liesGeometrie(kopf, puffer, start) {
  const anzahl = kopf.ids.length, ringStart = summen(kopf.punkte), raumRing = summen(kopf.ringe);
  const punkte = ringStart.at(-1);
  const x = new Int16Array(puffer, start, punkte), y = new Int16Array(puffer, start + 2 * punkte, punkte);
  const kasten = new Int16Array(4 * anzahl);
  let ersteX = 0, ersteY = 0;
  for (let raum = 0; raum < anzahl; raum++) {
    let x0 = 32767, y0 = 32767, x1 = 0, y1 = 0;
    for (let ring = raumRing[raum]; ring < raumRing[raum + 1]; ring++) {
      let px = ersteX, py = ersteY;
      for (let i = ringStart[ring]; i < ringStart[ring + 1]; i++) {
        px = x[i] += px; // in place: each file is decoded once
        py = y[i] += py;
        if (px < x0) x0 = px;
        if (px > x1) x1 = px;
        if (py < y0) y0 = py;
        if (py > y1) y1 = py;
      }
      ersteX = x[ringStart[ring]];
      ersteY = y[ringStart[ring]];
    }
    kasten.set([x0, y0, x1, y1], 4 * raum);
  }
  return { ...kopf, anzahl, x, y, ringStart, raumRing, kasten, nummer: new Map(kopf.ids.map((id, i) => [id, i])), pfade: [] };
}

function summen(anzahlen) {
  const summe = new Uint32Array(anzahlen.length + 1);
  anzahlen.forEach((n, i) => { summe[i + 1] = summe[i] + n; });
  return summe;
}

/** Values of all Stichtage. A missing one is a NaN whose low bits say why: read as an integer. */
function liesWerte(kopf, puffer, start) {
  return {
    ...kopf,
    werte: new Float32Array(puffer, start),
    bits: new Uint32Array(puffer, start),
    unsicher: new Set(kopf.unsicher),
    umgerechnet: new Set(kopf.umgerechnet),
    zeile: new Map(kopf.stichtage.map((tag, i) => [tag, i])),
  };
}

function statusVon({ werte, bits, unsicher }, stelle) {
  if (Number.isNaN(werte[stelle])) return CODES[bits[stelle] & 7] ?? 'nicht_geliefert';
  return unsicher.has(stelle) ? 'unsicher' : 'offen';
}

// ------------------------------------------------------------------ colours and hatching

// Palette entries below MUSTER_ENDE would be transparent pixels, so they name a tile instead of a colour.
const MUSTER = { gesperrt: 1, gesperrt_quelle: 1, nicht_geliefert: 2, nicht_sinnvoll: 3, nicht_definiert: 3, nicht_umgerechnet: 3, unsicher: 4 };
const MUSTER_ENDE = 64;
const ZEICHEN = ['●', '▲', '▼']; // similar, higher, lower
const HATCH = [, ['#eeeeee', '#8c8c8c'], ['#f8f8f8', '#8c8c8c'], ['#eeeeee', '#9a9a9a']];

const kanaele = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** Ground and stroke: grey without a value, else the class colour with a stroke that stands out from it. */
const hatch = (art, farbe) => HATCH[art] ?? [farbe, kanaele(farbe)[1] > 150 ? '#6b6b6b' : '#ffffff'];

/** Colour between two "#rrggbb" as a pixel of an ImageData (little endian: A B G R). */
function mische(von, nach, anteil) {
  const ziel = kanaele(nach);
  const [r, g, b] = kanaele(von).map((kanal, i) => Math.round(kanal + (ziel[i] - kanal) * anteil));
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

/** Square tile in device px, antialiased: 1 diagonal, 2 dots, 3 cross, from 4 counter-diagonal on a class colour. */
function kachel(art, dichte, farbe) {
  const n = Math.max(4, Math.round((art === 2 ? 7 : 8) * dichte));
  const [grund, strich] = hatch(art, farbe);
  const linie = (lage) => Math.max(0, 1 - Math.abs((lage + n) % n - n / 2) / (0.8 * dichte));
  const deckung = (x, y) => {
    if (art === 2) return Math.min(1, Math.max(0, dichte + 0.3 - Math.hypot(x + 0.5 - n / 2, y + 0.5 - n / 2)));
    return Math.max(art === 1 || art === 3 ? linie(x + y) : 0, art > 2 ? linie(x - y) : 0);
  };
  return { n, pixel: Uint32Array.from({ length: n * n }, (_, i) => mische(grund, strich, deckung(i % n, Math.floor(i / n)))) };
}

function kachelBild({ n, pixel }) {
  const bild = neu('canvas', { width: n, height: n });
  bild.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(pixel.buffer), n), 0, 0);
  return bild;
}

// ------------------------------------------------------------------ raster

/** Fill `ids` (w × h device px) with Raum number + 1, even-odd; yields now and then so that it can be spread. */
function* rastere({ anzahl, x, y, ringStart, raumRing, kasten, mitten }, { s, x: tx, y: ty }, ids, w, h) {
  const erster = new Int32Array(h).fill(-1); // per row: list of crossings, sorted by x
  let weiter = new Int32Array(4096), wo = new Float32Array(4096);
  for (let raum = 0; raum < anzahl; raum++) {
    if (raum % 64 === 63) yield;
    const k = 4 * raum;
    if (kasten[k] * s + tx > w || kasten[k + 2] * s + tx < 0) continue;
    const oben = Math.max(0, Math.floor(kasten[k + 1] * s + ty));
    const unten = Math.min(h - 1, Math.ceil(kasten[k + 3] * s + ty));
    let zahl = 0, gefuellt = false;
    for (let ring = raumRing[raum]; ring < raumRing[raum + 1]; ring++) {
      const ende = ringStart[ring + 1];
      let xa = x[ende - 1] * s + tx, ya = y[ende - 1] * s + ty - 0.5; // − 0.5: rows are cut through their middle
      for (let i = ringStart[ring]; i < ende; i++) {
        const xb = x[i] * s + tx, yb = y[i] * s + ty - 0.5, steigung = (xb - xa) / (yb - ya);
        const bis = Math.min(unten, Math.ceil(Math.max(ya, yb)) - 1);
        for (let reihe = Math.max(oben, Math.ceil(Math.min(ya, yb))); reihe <= bis; reihe++) {
          if (zahl === wo.length) { weiter = verdoppelt(weiter); wo = verdoppelt(wo); }
          const mitte = wo[zahl] = xa + (reihe - ya) * steigung;
          let vor = -1, nach = erster[reihe];
          while (nach >= 0 && wo[nach] < mitte) { vor = nach; nach = weiter[nach]; }
          weiter[zahl] = nach;
          if (vor < 0) erster[reihe] = zahl; else weiter[vor] = zahl;
          zahl++;
        }
        xa = xb;
        ya = yb;
      }
    }
    for (let reihe = oben; reihe <= unten; reihe++) {
      for (let i = erster[reihe]; i >= 0 && weiter[i] >= 0; i = weiter[weiter[i]]) {
        const von = Math.max(0, Math.ceil(wo[i] - 0.5)), bis = Math.min(w, Math.ceil(wo[weiter[i]] - 0.5));
        if (von < bis) { ids.fill(raum + 1, reihe * w + von, reihe * w + bis); gefuellt = true; }
      }
      erster[reihe] = -1;
    }
    if (!gefuellt) { // smaller than a pixel: keep it reachable
      const px = Math.floor(mitten[2 * raum] * s + tx), py = Math.floor(mitten[2 * raum + 1] * s + ty);
      if (px >= 0 && px < w && py >= 0 && py < h) ids[py * w + px] = raum + 1;
    }
  }
}

function verdoppelt(feld) {
  const neues = new feld.constructor(2 * feld.length);
  neues.set(feld);
  return neues;
}

/** One look-up per pixel; hatched Räume take the pixel from their tile. */
function faerbe(ziel, ids, w, palette, kacheln) {
  for (let i = 0, x = 0, y = 0; i < ids.length; i++) {
    let farbe = palette[ids[i]];
    if (farbe && farbe < MUSTER_ENDE) {
      const { n, pixel } = kacheln[farbe];
      farbe = pixel[(y % n) * n + (x % n)];
    }
    ziel[i] = farbe;
    if (++x === w) { x = 0; y++; }
  }
}

/** Hairlines for very many Räume: a translucent pixel wherever the number changes to the right or below. */
function haarlinien(ids, w, ziel, farbe) {
  for (let i = 0; i < ids.length - w; i++) {
    const id = ids[i], rechts = ids[i + 1], unten = ids[i + w];
    if (id && ((rechts && rechts !== id) || (unten && unten !== id))) ziel[i] = farbe;
  }
}

function pfad(geo, raum) {
  if (!geo.pfade[raum]) {
    const weg = geo.pfade[raum] = new Path2D();
    for (let ring = geo.raumRing[raum]; ring < geo.raumRing[raum + 1]; ring++) {
      for (let i = geo.ringStart[ring]; i < geo.ringStart[ring + 1]; i++) weg.lineTo(geo.x[i], geo.y[i]);
      weg.closePath();
      weg.moveTo(geo.x[geo.ringStart[ring + 1]], geo.y[geo.ringStart[ring + 1]]);
    }
  }
  return geo.pfade[raum];
}

// ------------------------------------------------------------------ the component

const RAND = 10; // CSS px around the fitted map
const VEKTOR_BIS = 2000; // visible Räume whose borders are stroked; above that, hairlines
const RUHE = 70; // ms of rest after a gesture before the map is drawn sharply
const SCHEIBE = 8; // ms of raster work at a time, so that the next gesture is answered within its frame
const ZOOM_BIS = 60;
const DUNKEL = '#1a1a1a';
const SCHRIFT = 'system-ui, "Segoe UI", Arial, sans-serif';
const FEHLER = 'Die Karte konnte nicht geladen werden. Bitte die Verbindung prüfen.';
const FEHLER_BEIWERK = 'Umrisse oder Intervalle konnten nicht geladen werden. Die Werte der Karte sind vollständig.';

class Karte {
  /** onWahl(id|null, additiv), onHover(eintrag|null, x, y), onBereit(): there is more to show. */
  constructor(element, { onWahl, onHover, onBereit } = {}) {
    Object.assign(this, { element, onWahl, onHover, onBereit });
    this.gewaehlt = [];
    this.urteile = false; // show verdicts against the rest of the Gebiet instead of values
    this.teile = []; // loaded Gebietsstände: {…spec.teile[i], geo, werte, grenzen, umrisse}
    this.lauf = 0; // number of the newest lade(): late answers of older ones are dropped
    this.fokus = this.gehoben = -1;
    this.gepasst = []; // Räume the view is fitted to ([] = all), null after the user moved it
    this.baue();
    this.hoere();
  }

  // ---- public

  /** spec: {teile, umrisse, klassen, stufen? (names of the classes), farben ("#rrggbb"), einheit, stellen, titel?, beschriftung?, stichtag?}.
   *  Resolves to true when all Gebietsstände can be shown; the one of `stichtag` (else the newest) comes first. */
  async lade(spec) {
    const lauf = ++this.lauf;
    const neueste = () => lauf === this.lauf;
    this.spec = spec;
    this.buehne.ariaLabel = `Karte: ${spec.titel ?? 'Räume'}. Pfeiltasten gehen zum Nachbarraum, Eingabe wählt ihn aus.`;
    const erster = spec.teile.find((teil) => teil.stichtage.includes(spec.stichtag)) ?? spec.teile.at(-1);
    try {
      const teil = await ladeTeil(erster);
      if (!neueste()) return false;
      this.melde('');
      this.teile = [teil];
      this.zeige(spec.stichtag ?? erster.stichtage.at(-1));
      this.onBereit?.();
      await new Promise((weiter) => { requestAnimationFrame(() => setTimeout(weiter)); }); // paint first
      const andere = await Promise.all(spec.teile.filter((t) => t !== erster).map(ladeTeil));
      if (!neueste()) return false;
      this.teile.push(...andere);
      if (this.teilAm(this.stichtag) !== this.teil) this.zeige(this.stichtag);
    } catch (fehler) {
      if (neueste()) this.melde(FEHLER);
      return false;
    }
    this.ladeBeiwerk(neueste);
    return true;
  }

  /** Show a Stichtag, at once if its Gebietsstand is there: no request, no geometry work. */
  zeige(stichtag) {
    this.stichtag = stichtag;
    const teil = this.teilAm(stichtag);
    if (!teil) return false;
    const alt = this.teil?.geo;
    this.teil = teil;
    if (alt === teil.geo) this.male();
    else this.neueGeometrie(alt);
    if (this.schwebt) this.meldeHover(this.schwebt.raum, this.schwebt.x, this.schwebt.y);
    return true;
  }

  /** Verdicts instead of values: places higher or lower than the rest of the Gebiet, with their signs. */
  zeigeUrteile(an) {
    this.urteile = an;
    if (!this.raster) return;
    this.male();
    this.maleLinien();
  }

  waehle(ids) {
    this.gewaehlt = [...ids];
    this.maleAuswahl();
  }

  hebe(id) {
    this.gehoben = this.teil?.geo.nummer.get(id) ?? -1;
    this.maleAuswahl();
  }

  /** One entry per Raum in file order, then the Räume without geometry (rest: true, id null). */
  eintraege(stichtag = this.stichtag) {
    const teil = this.teilAm(stichtag);
    return teil ? Array.from({ length: teil.werte.anzahl }, (_, raum) => this.eintrag(raum, stichtag, teil)) : [];
  }

  zoom(faktor, x = this.buehne.clientWidth / 2, y = this.buehne.clientHeight / 2) {
    if (!this.sicht) return;
    const { sicht, ganz } = this;
    const s = Math.min(Math.max(sicht.s * faktor, ganz.s * 0.8), ganz.s * ZOOM_BIS), k = s / sicht.s;
    this.bewege({ s, x: x - (x - sicht.x) * k, y: y - (y - sicht.y) * k });
  }

  /** Fit the whole map, or the given Räume. */
  passe(ids = []) {
    if (!this.sicht) return;
    this.bewege(this.passend(ids));
    this.gepasst = ids;
  }

  /** PNG on white: title, map, legend with the classes and hatches in use, source line. */
  async bild({ titel = this.spec.titel ?? '', untertitel = '', quelle = '' } = {}) {
    this.rasterJetzt();
    const { w, h, dichte } = this.raster, breite = w / dichte - 24;
    const legende = this.legende(), zeilen = Math.ceil(legende.length / 3);
    const oben = 66, fuss = oben + h / dichte + 8;
    const blatt = neu('canvas', { width: w, height: Math.round((fuss + zeilen * 24 + 32) * dichte) });
    const stift = blatt.getContext('2d');
    const schreibe = (text, x, y, schrift, platz = breite) => {
      Object.assign(stift, { font: `${schrift}px ${SCHRIFT}`, fillStyle: DUNKEL }).fillText(text, x, y, platz);
    };
    stift.fillStyle = '#fff';
    stift.fillRect(0, 0, blatt.width, blatt.height);
    for (const ebene of this.ebenen.children) stift.drawImage(ebene, 0, Math.round(oben * dichte));
    stift.scale(dichte, dichte);
    schreibe(titel, 12, 30, 'bold 20');
    schreibe(untertitel, 12, 54, 14);
    legende.forEach(({ text, farbe, muster }, i) => {
      const x = 12 + Math.floor(i / zeilen) * breite / 3, y = fuss + (i % zeilen) * 24;
      Object.assign(stift, { fillStyle: muster ? stift.createPattern(kachelBild(muster), 'repeat') : farbe, strokeStyle: '#767676' });
      stift.fillRect(x, y, 28, 16);
      stift.strokeRect(x, y, 28, 16);
      schreibe(text, x + 36, y + 13, 13, breite / 3 - 44);
    });
    schreibe(quelle, 12, fuss + zeilen * 24 + 16, 11);
    return new Promise((fertig) => { blatt.toBlob(fertig, 'image/png'); });
  }

  entferne() {
    this.lauf++;
    this.auftrag = null;
    clearTimeout(this.uhr);
    this.ende.abort();
    this.waechter.disconnect();
    this.element.replaceChildren();
  }

  // ---- data

  /** Outlines and intervals after the first paint: the map is usable without them. */
  async ladeBeiwerk(neueste) {
    const ergebnis = await Promise.allSettled(this.teile.flatMap((teil) => {
      const umrisse = this.spec.umrisse?.[teil.gebietsstand];
      return [
        umrisse && hole(umrisse, liesGeometrie).then((geo) => {
          teil.umrisse = geo;
          if (neueste() && teil === this.teil) this.maleLinien();
        }),
        teil.grenzen && hole(teil.grenzen, liesWerte).then(({ werte }) => { teil.intervalle = werte; }),
        teil.vergleich && hole(teil.vergleich, liesWerte).then((datei) => {
          teil.urteile = datei;
          if (neueste() && teil === this.teil && this.urteile) this.zeigeUrteile(true);
        }),
      ];
    }));
    if (!neueste()) return;
    if (ergebnis.some(({ status }) => status === 'rejected')) this.melde(FEHLER_BEIWERK);
    this.onBereit?.();
  }

  teilAm(stichtag) {
    return this.teile.find(({ werte }) => werte.zeile.has(stichtag));
  }

  eintrag(raum, stichtag = this.stichtag, teil = this.teil) {
    const { geo, werte, intervalle } = teil;
    const rest = raum >= geo.anzahl;
    const stelle = werte.zeile.get(stichtag) * werte.anzahl + raum;
    const status = statusVon(werte, stelle), mitWert = status === 'offen' || status === 'unsicher';
    const grenze = (i) => mitWert && intervalle && !Number.isNaN(intervalle[i]) ? intervalle[i] : null;
    return {
      id: rest ? null : geo.ids[raum],
      name: rest ? werte.rest[raum - geo.anzahl] : geo.namen[raum],
      eltern: rest ? null : geo.eltern[raum],
      wert: mitWert ? werte.werte[stelle] : null,
      unten: grenze(stelle),
      oben: grenze(stelle + werte.stichtage.length * werte.anzahl),
      status,
      klasse: mitWert ? this.klasse(werte.werte[stelle]) : null,
      umgerechnet: werte.umgerechnet.has(stelle),
      rest,
      ...urteilVon(teil, raum, stichtag),
    };
  }

  /** Class i holds edge[i] ≤ value < edge[i + 1]; the last one is closed. */
  klasse(wert) {
    const { klassen } = this.spec;
    let i = 0;
    while (i < klassen.length - 2 && wert >= klassen[i + 1]) i++;
    return i;
  }

  /** A value as people read it: the name of its class where the numbers only stand for classes. */
  text(wert) {
    const { stufen, einheit, stellen } = this.spec;
    return stufen?.length && wert !== null && wert !== undefined ? stufen[this.klasse(wert)] : mitEinheit(wert, einheit, stellen);
  }

  // ---- drawing

  neueGeometrie(alt) {
    const { geo } = this.teil, rahmen = ({ breite, hoehe, meter }) => [breite, hoehe, meter].join();
    this.fokus = this.gehoben = -1;
    this.schwebt = null;
    this.ganz = this.passend([]);
    if (!alt || rahmen(alt) !== rahmen(geo)) this.sicht = this.passend(this.gepasst = []);
    this.rasterJetzt();
  }

  /** The view that shows these Räume (all, if there are none) as large as possible. */
  passend(ids) {
    const { nummer, kasten, breite, hoehe } = this.teil.geo, { clientWidth: w, clientHeight: h } = this.buehne;
    const stellen = ids.filter((id) => nummer.has(id)).map((id) => 4 * nummer.get(id));
    const ecke = (nr, wahl, sonst) => stellen.length ? wahl(...stellen.map((k) => kasten[k + nr])) : sonst;
    const x0 = ecke(0, Math.min, 0), y0 = ecke(1, Math.min, 0), x1 = ecke(2, Math.max, breite), y1 = ecke(3, Math.max, hoehe);
    const s = Math.max(1e-6, Math.min((w - 2 * RAND) / (x1 - x0), (h - 2 * RAND) / (y1 - y0), (this.ganz?.s ?? Infinity) * ZOOM_BIS));
    return { s, x: (w - (x0 + x1) * s) / 2, y: (h - (y0 + y1) * s) / 2 };
  }

  /** Size of the layers in device px. */
  masse() {
    const dichte = Math.min(window.devicePixelRatio || 1, 2.5);
    return { dichte, w: Math.round(this.buehne.clientWidth * dichte) || 1, h: Math.round(this.buehne.clientHeight * dichte) || 1 };
  }

  /** Draw the present view sharply; `verteilt` spreads the work over several tasks. */
  async rasterJetzt(verteilt = false) {
    clearTimeout(this.uhr);
    this.uhr = 0;
    const auftrag = this.auftrag = {}, { sicht, teil } = this, { dichte, w, h } = this.masse();
    const ids = new Uint16Array(w * h);
    const arbeit = rastere(teil.geo, { s: sicht.s * dichte, x: sicht.x * dichte, y: sicht.y * dichte }, ids, w, h);
    let pause = performance.now() + SCHEIBE;
    while (!arbeit.next().done) {
      if (!verteilt || performance.now() < pause) continue;
      await new Promise((weiter) => { setTimeout(weiter); });
      if (auftrag !== this.auftrag) return; // something newer is on its way
      pause = performance.now() + SCHEIBE;
    }
    if (this.raster?.w !== w || this.raster.h !== h) {
      for (const ebene of this.ebenen.children) Object.assign(ebene, { width: w, height: h });
      this.pixel = new ImageData(w, h);
    }
    for (const { style } of this.ebenen.children) Object.assign(style, { width: `${w / dichte}px`, height: `${h / dichte}px` });
    this.raster = { sicht, dichte, w, h, ids, geo: teil.geo };
    this.male();
    this.maleLinien();
    this.maleAuswahl();
    this.verschiebe();
  }

  /** Recolour: palette of the Stichtag, one look-up per pixel. */
  male() {
    const { ids, w, dichte } = this.raster, { geo, werte } = this.teil, { farben } = this.spec;
    const kacheln = [, ...[1, 2, 3].map((art) => kachel(art, dichte)), ...farben.map((farbe) => kachel(MUSTER.unsicher, dichte, farbe))];
    const pixelfarben = farben.map((farbe) => mische(farbe, farbe, 0));
    const palette = new Uint32Array(geo.anzahl + 1), start = werte.zeile.get(this.stichtag) * werte.anzahl;
    for (let raum = 0; raum < geo.anzahl; raum++) {
      const status = statusVon(werte, start + raum), klasse = this.klasse(werte.werte[start + raum]);
      if (this.urteile && (status === 'offen' || status === 'unsicher')) {
        const { streng } = urteilVon(this.teil, raum, this.stichtag);
        palette[raum + 1] = streng < 0 ? MUSTER.nicht_sinnvoll : mische(this.spec.urteile[streng][1], '#ffffff', 0);
      } else if (status === 'offen') palette[raum + 1] = pixelfarben[klasse];
      else palette[raum + 1] = MUSTER[status] + (status === 'unsicher' ? klasse : 0);
    }
    faerbe(new Uint32Array(this.pixel.data.buffer), ids, w, palette, kacheln);
    this.stifte.flaechen.putImageData(this.pixel, 0, 0);
  }

  maleLinien() {
    const { ids, w, h } = this.raster, { geo, umrisse } = this.teil, stift = this.stifte.linien;
    const raeume = this.sichtbar(geo), viele = raeume.length > VEKTOR_BIS;
    this.leere(stift);
    if (viele) {
      const bild = new ImageData(w, h);
      haarlinien(ids, w, new Uint32Array(bild.data.buffer), 0x66a0a0a0);
      stift.putImageData(bild, 0, 0);
    } else { // white, edged with grey: visible between dark, between light and between hatched Räume
      const breite = raeume.length > 700 ? 0.5 : raeume.length > 150 ? 0.7 : 1.1;
      this.zeichne(stift, geo, raeume, 'rgba(60,60,60,.35)', breite + 0.9);
      this.zeichne(stift, geo, raeume, '#fff', breite);
    }
    if (umrisse) this.zeichne(stift, umrisse, this.sichtbar(umrisse), viele ? 'rgba(40,40,40,.75)' : '#333', viele ? 0.6 : 1.2);
    if (this.urteile) this.schreibeZeichen(stift, viele ? [] : raeume);
    else if (this.spec.beschriftung ?? true) this.schreibeNamen(stift, raeume);
  }

  maleAuswahl() {
    if (!this.raster) return;
    const { geo } = this.teil, stift = this.stifte.auswahl;
    const gewaehlt = this.gewaehlt.map((id) => geo.nummer.get(id)).filter((i) => i >= 0);
    const schwebend = [this.schwebt?.raum, this.gehoben, this.fokus].filter((i) => i >= 0);
    this.leere(stift);
    for (const [raeume, weiss, dunkel] of [[gewaehlt, 5.5, 2.6], [schwebend, 3.6, 1.6]]) {
      this.zeichne(stift, geo, raeume, '#fff', weiss);
      this.zeichne(stift, geo, raeume, DUNKEL, dunkel);
    }
  }

  leere(stift) {
    stift.setTransform(1, 0, 0, 1, 0, 0);
    stift.clearRect(0, 0, this.raster.w, this.raster.h);
  }

  /** Stroke each Raum by itself: one huge path is many times slower. `breite` in CSS px. */
  zeichne(stift, geo, raeume, farbe, breite) {
    const { sicht: { s, x, y }, dichte: d } = this.raster;
    stift.setTransform(s * d, 0, 0, s * d, x * d, y * d);
    Object.assign(stift, { strokeStyle: farbe, lineWidth: breite / s, lineJoin: 'round' });
    for (const raum of raeume) stift.stroke(pfad(geo, raum));
  }

  sichtbar({ kasten: k, anzahl }) {
    const { sicht: { s, x, y }, w, h, dichte } = this.raster;
    const drin = (i) => k[i] * s + x < w / dichte && k[i + 2] * s + x > 0 && k[i + 1] * s + y < h / dichte && k[i + 3] * s + y > 0;
    return Array.from({ length: anzahl }, (_, i) => i).filter((i) => drin(4 * i));
  }

  /** Names where they fit, large Räume first, never two on top of each other. */
  schreibeNamen(stift, raeume) {
    const { sicht: { s, x, y }, dichte, w, ids } = this.raster, { kasten: k, mitten, namen } = this.teil.geo;
    const breit = (i) => (k[4 * i + 2] - k[4 * i]) * s, hoch = (i) => (k[4 * i + 3] - k[4 * i + 1]) * s;
    const drin = (px, py, i) => px > 0 && px * dichte < w && ids[Math.round(py * dichte) * w + Math.round(px * dichte)] === i + 1;
    const frei = (a) => !belegt.some((b) => b[0] < a[2] && b[2] > a[0] && b[1] < a[3] && b[3] > a[1]);
    const belegt = [];
    stift.setTransform(dichte, 0, 0, dichte, 0, 0);
    Object.assign(stift, { font: `12.5px ${SCHRIFT}`, textAlign: 'center', textBaseline: 'middle', lineWidth: 3.2, strokeStyle: 'rgba(255,255,255,.92)', fillStyle: DUNKEL });
    for (const i of raeume.filter((j) => breit(j) > 36 && hoch(j) > 16).sort((a, b) => breit(b) * hoch(b) - breit(a) * hoch(a))) {
      const mx = mitten[2 * i] * s + x, my = mitten[2 * i + 1] * s + y;
      const passende = umbrueche(namen[i]).find((zeilen) => {
        const halb = Math.max(...zeilen.map((zeile) => stift.measureText(zeile).width)) / 2, hoehe = 7.5 * zeilen.length;
        const kiste = [mx - halb, my - hoehe, mx + halb, my + hoehe];
        return drin(mx - halb * 0.85, my, i) && drin(mx + halb * 0.85, my, i) && hoch(i) > 2 * hoehe && frei(kiste) && belegt.push(kiste);
      });
      passende?.forEach((zeile, nr) => {
        const zy = my + (nr - (passende.length - 1) / 2) * 15;
        stift.strokeText(zeile, mx, zy);
        stift.fillText(zeile, mx, zy);
      });
    }
  }

  /** ▲ ▼ ● in every Raum that is wide enough: the verdict without its colour. */
  schreibeZeichen(stift, raeume) {
    const { sicht: { s, x, y }, dichte } = this.raster, { kasten: k, mitten } = this.teil.geo;
    stift.setTransform(dichte, 0, 0, dichte, 0, 0);
    Object.assign(stift, { textAlign: 'center', textBaseline: 'middle', lineWidth: 3, strokeStyle: '#fff', fillStyle: DUNKEL });
    for (const i of raeume) {
      const { streng } = urteilVon(this.teil, i, this.stichtag), platz = Math.min(k[4 * i + 2] - k[4 * i], k[4 * i + 3] - k[4 * i + 1]) * s;
      if (streng < 0 || platz < 8) continue;
      stift.font = `${Math.min(16, Math.max(9, platz / 2))}px ${SCHRIFT}`;
      stift.strokeText(ZEICHEN[streng], mitten[2 * i] * s + x, mitten[2 * i + 1] * s + y);
      stift.fillText(ZEICHEN[streng], mitten[2 * i] * s + x, mitten[2 * i + 1] * s + y);
    }
  }

  legende() {
    const { klassen, stufen, farben, stellen, einheit, urteile } = this.spec;
    if (this.urteile) {
      const muster = kachel(MUSTER.nicht_sinnvoll, this.raster.dichte);
      return [...urteile.map(([text, farbe], i) => ({ text: `${ZEICHEN[i]} ${text}`, farbe })), { text: 'kein Urteil oder kein Wert', muster }];
    }
    const vorhanden = new Set(this.eintraege().filter(({ rest }) => !rest).map(({ status }) => status));
    const muster = (status) => kachel(MUSTER[status], this.raster.dichte, farben.at(-1));
    return [
      ...(stufen?.length ? stufen : SR.klassentexte(klassen, stellen, einheit)).map((text, i) => ({ text, farbe: farben[i] })),
      ...Object.keys(MUSTER).filter((status) => vorhanden.has(status)).map((status) => ({ text: SR.statustext[status], muster: muster(status) })),
    ];
  }

  // ---- view

  bewege({ s, x, y }) {
    const { breite, hoehe } = this.teil.geo, { clientWidth: w, clientHeight: h } = this.buehne;
    const klemme = (t, laenge, platz) => Math.min(Math.max(t, platz / 4 - laenge), platz * 3 / 4); // never lost out of sight
    this.sicht = { s, x: klemme(x, breite * s, w), y: klemme(y, hoehe * s, h) };
    this.gepasst = null;
    this.buehne.style.touchAction = s > this.ganz.s * 1.02 ? 'none' : 'pan-y'; // a fitted map lets the page scroll
    this.verschiebe();
    this.uhr ||= setTimeout(() => this.rasterJetzt(true), RUHE);
  }

  /** The old picture, moved at once to where the new one will be. */
  verschiebe() {
    const { sicht: von } = this.raster, { sicht: nach } = this, k = nach.s / von.s;
    this.ebenen.style.transform = von === nach ? '' : `matrix(${k},0,0,${k},${nach.x - von.x * k},${nach.y - von.y * k})`;
  }

  neueGroesse() {
    const { dichte, w, h } = this.masse();
    if (!this.raster || !this.buehne.clientWidth) return;
    if (this.raster.dichte === dichte && this.raster.w === w && this.raster.h === h) return;
    this.ganz = this.passend([]);
    if (this.gepasst) this.sicht = this.passend(this.gepasst);
    this.rasterJetzt();
  }

  /** Number of the Raum under a point of the element (CSS px), or −1. */
  raumBei(px, py) {
    if (!this.raster) return -1;
    const { sicht: von, ids, w, h, dichte } = this.raster, { sicht } = this;
    const x = Math.floor(((px - sicht.x) / sicht.s * von.s + von.x) * dichte);
    const y = Math.floor(((py - sicht.y) / sicht.s * von.s + von.y) * dichte);
    return x < 0 || y < 0 || x >= w || y >= h ? -1 : ids[y * w + x] - 1;
  }

  // ---- pointer and keyboard

  hoere() {
    this.ende = new AbortController();
    const { buehne } = this, { signal } = this.ende, finger = new Map();
    let weg = 0; // px travelled since the first finger went down: more than a tremble is a drag, not a click
    const auf = (name, tat) => buehne.addEventListener(name, tat, { signal, passive: false });
    const ort = (e) => {
      const { left, top } = buehne.getBoundingClientRect();
      return [e.clientX - left, e.clientY - top];
    };
    auf('pointerdown', (e) => {
      if (e.button || !this.raster) return;
      if (!finger.size) weg = 0;
      finger.set(e.pointerId, ort(e));
      buehne.setPointerCapture(e.pointerId);
    });
    auf('pointermove', (e) => {
      const [x, y] = ort(e), alt = finger.get(e.pointerId);
      if (!alt) return this.schwebe(this.raumBei(x, y), x, y);
      weg += Math.hypot(x - alt[0], y - alt[1]);
      if (weg <= 4 && finger.size === 1) return;
      this.ziehe(alt, [x, y], [...finger].find(([id]) => id !== e.pointerId)?.[1]);
      finger.set(e.pointerId, [x, y]);
    });
    auf('pointerup', (e) => {
      if (!finger.delete(e.pointerId) || finger.size || weg > 4) return;
      const raum = this.raumBei(...ort(e));
      this.fokussiere(-1);
      this.onWahl?.(raum < 0 ? null : this.teil.geo.ids[raum], zusaetzlich(e));
    });
    auf('pointercancel', (e) => finger.delete(e.pointerId));
    auf('pointerleave', () => this.schwebe(-1));
    auf('dblclick', (e) => this.zoom(2, ...ort(e)));
    auf('wheel', (e) => {
      if (!e.ctrlKey && document.activeElement !== buehne) return; // else the page scrolls
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0018)), ...ort(e));
    });
    auf('keydown', (e) => this.taste(e));
    auf('blur', () => this.fokussiere(-1));
    this.waechter = new ResizeObserver(() => this.neueGroesse());
    this.waechter.observe(buehne);
    window.addEventListener('resize', () => this.neueGroesse(), { signal }); // also a new device-pixel ratio
  }

  /** One finger or the mouse pans; with another finger resting, zoom around the middle of both. */
  ziehe([altX, altY], [x, y], anderer) {
    const teil = anderer ? 2 : 1;
    this.bewege({ ...this.sicht, x: this.sicht.x + (x - altX) / teil, y: this.sicht.y + (y - altY) / teil });
    if (!anderer) return;
    const [ax, ay] = anderer, abstand = (px, py) => Math.max(1, Math.hypot(px - ax, py - ay));
    this.zoom(abstand(x, y) / abstand(altX, altY), (x + ax) / 2, (y + ay) / 2);
  }

  schwebe(raum, x = 0, y = 0) {
    const vorher = this.schwebt?.raum ?? -1;
    this.schwebt = raum < 0 ? null : { raum, x, y };
    if (raum !== vorher) this.maleAuswahl();
    if (raum >= 0 || vorher >= 0) this.meldeHover(raum, x, y);
  }

  meldeHover(raum, x, y) {
    this.onHover?.(raum < 0 ? null : this.eintrag(raum), x, y);
  }

  taste(e) {
    if (!this.raster || e.altKey) return;
    const richtung = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[e.key];
    const waehle = () => this.fokus >= 0 && this.onWahl?.(this.teil.geo.ids[this.fokus], zusaetzlich(e));
    const tat = richtung ? () => this.fokussiere(this.naechster(...richtung)) : {
      Enter: waehle,
      ' ': waehle,
      Escape: () => { this.fokussiere(-1); this.onWahl?.(null, false); },
      '+': () => this.zoom(1.5),
      '-': () => this.zoom(1 / 1.5),
      0: () => this.passe(),
    }[e.key];
    if (!tat) return;
    e.preventDefault();
    tat();
  }

  /** The Raum to go to: the neighbour that lies best in this direction, else the nearest beyond a gap. */
  naechster(dx, dy) {
    const { mitten, nachbarn, nummer, ids, breite, hoehe } = this.teil.geo;
    const von = this.fokus >= 0 ? this.fokus : nummer.get(this.gewaehlt.at(-1)) ?? -1;
    const [x, y] = von < 0 ? [breite / 2, hoehe / 2] : mitten.slice(2 * von, 2 * von + 2);
    const aufwand = (i) => {
      const nachX = mitten[2 * i] - x, nachY = mitten[2 * i + 1] - y;
      if (von < 0) return Math.hypot(nachX, nachY); // the first key press: the middle of the map
      const vor = nachX * dx + nachY * dy, quer = Math.abs(nachX * dy - nachY * dx);
      return vor > 0 && quer <= 1.2 * vor ? vor + 2 * quer : Infinity;
    };
    const besten = (nummern) => nummern.reduce((a, i) => (aufwand(i) < (a < 0 ? Infinity : aufwand(a)) ? i : a), -1);
    const nachbar = von < 0 ? -1 : besten(nachbarn[von]);
    const ziel = nachbar < 0 ? besten(ids.map((_, i) => i)) : nachbar;
    return ziel < 0 ? von : ziel;
  }

  fokussiere(raum) {
    if (raum === this.fokus) return;
    this.fokus = raum;
    this.maleAuswahl();
    this.ansage.textContent = raum < 0 ? '' : this.satz(this.eintrag(raum));
    if (raum < 0) return this.onHover?.(null, 0, 0);
    const { mitten } = this.teil.geo, { sicht } = this, { clientWidth: w, clientHeight: h } = this.buehne;
    const x = mitten[2 * raum] * sicht.s + sicht.x, y = mitten[2 * raum + 1] * sicht.s + sicht.y;
    if (x > 0 && y > 0 && x < w && y < h) return this.meldeHover(raum, x, y);
    this.bewege({ s: sicht.s, x: sicht.x + w / 2 - x, y: sicht.y + h / 2 - y });
    this.meldeHover(raum, w / 2, h / 2);
  }

  /** What a screen reader says about a Raum. */
  satz({ name, wert, unten, oben, status, klasse, streng }) {
    const { stellen, stufen, farben } = this.spec;
    if (wert === null) return `${name}: ${SR.statustext[status]}`;
    if (stufen?.length) return `${name}: ${this.text(wert)}`;
    if (this.urteile) return `${name}: ${this.text(wert)}, ${streng < 0 ? 'kein Urteil' : this.spec.urteile[streng][0]}`;
    const bereich = unten === null ? '' : ` (${zahl(unten, stellen)} bis ${zahl(oben, stellen)})`;
    const unsicher = status === 'unsicher' ? `, ${SR.statustext.unsicher}` : '';
    return `${name}: ${this.text(wert)}${bereich}, Klasse ${klasse + 1} von ${farben.length}${unsicher}`;
  }

  // ---- page elements

  melde(text) {
    this.meldung.hidden = !text;
    this.meldung.firstChild.textContent = text;
  }

  baue() {
    // role application: a screen reader must pass the arrow keys on to us
    this.buehne = neu('div', { className: 'karte-buehne', tabIndex: 0, role: 'application', ariaRoleDescription: 'Karte', ariaLabel: 'Karte wird geladen' });
    this.ebenen = neu('div', { className: 'karte-ebenen', ariaHidden: 'true' });
    this.stifte = {};
    for (const name of ['flaechen', 'linien', 'auswahl']) {
      const ebene = neu('canvas', { className: `karte-${name}` });
      this.stifte[name] = ebene.getContext('2d', { willReadFrequently: true }); // stays on the CPU: strokes are 7 times faster
      this.ebenen.append(ebene);
    }
    this.ansage = neu('div', { className: 'karte-ansage', ariaLive: 'polite' });
    this.meldung = neu('div', { className: 'karte-meldung', role: 'alert', hidden: true });
    const nochmal = neu('button', { type: 'button', textContent: 'Erneut versuchen' });
    nochmal.onclick = () => this.lade({ ...this.spec, stichtag: this.stichtag ?? this.spec.stichtag });
    this.meldung.append(neu('span'), nochmal);
    this.buehne.append(this.ebenen);
    if (getComputedStyle(this.element).position === 'static') this.element.style.position = 'relative';
    this.element.replaceChildren(this.buehne, this.ansage, this.meldung);
  }
}

/** Verdict against the rest of the Gebiet: `urteil` at 95 %, `streng` at 99.8 % (0 similar, 1 higher, 2 lower, −1 none),
 *  the `mass` it rests on, the `grund` where there is none, and the ranks a Raum may have. */
function urteilVon({ urteile }, raum, stichtag) {
  const zeile = urteile?.zeile.get(stichtag);
  if (zeile === undefined) return { urteil: -1, streng: -1, mass: null, grund: '', rangVon: null, rangBis: null };
  const lage = urteile.stichtage.length * urteile.anzahl, stelle = zeile * urteile.anzahl + raum;
  const lies = (nr) => { const wert = urteile.werte[nr * lage + stelle]; return Number.isNaN(wert) ? null : wert; };
  const code = lies(1);
  return {
    urteil: [-1, 0, 1, 2, 1, 2][Math.max(0, code)],
    streng: [-1, 0, 0, 0, 1, 2][Math.max(0, code)],
    mass: lies(0),
    grund: code < 0 ? urteile.gruende[-code] : '',
    rangVon: lies(2),
    rangBis: lies(3),
  };
}

async function ladeTeil(teil) {
  const [geo, werte] = await Promise.all([hole(teil.geo, liesGeometrie), hole(teil.wert, liesWerte)]);
  return { ...teil, geo, werte };
}

/** A name in one line, or broken at the blank or hyphen nearest to its middle. */
function umbrueche(name) {
  const abstand = (i) => Math.abs(i - name.length / 2);
  const [bruch] = [...name.matchAll(/[ /-](?=\S)/g)].map(({ index }) => index + 1).sort((a, b) => abstand(a) - abstand(b));
  return bruch ? [[name], [name.slice(0, bruch).trim(), name.slice(bruch)]] : [[name]];
}

const zusaetzlich = (e) => e.ctrlKey || e.metaKey || e.shiftKey;
const neu = (art, werte = {}) => Object.assign(document.createElement(art), werte);

window.SR = Object.assign(window.SR || {}, SR);
window.Karte = Karte;
})();
