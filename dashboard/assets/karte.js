/* The map: `new Karte(element, …)` draws Räume on canvas; `SR` formats German numbers for every script of the page.
 *
 * Three layers, moved together by one CSS transform while a gesture lasts and drawn sharply again when it settles:
 *   flaechen  colours: every pixel holds the number of its Raum (own scanline fill, never read back from a canvas);
 *             a new year or class is one look-up per pixel and touches neither geometry nor borders
 *   linien    borders, outlines of the level above, labels
 *   auswahl   selection, hover, keyboard focus
 * Units: grid (file, y down) → CSS px by `sicht` {s, x, y}: px = grid * s + x. Rasters are in device pixels.
 */
(function () {
  'use strict';

  // ---------------------------------------------------------------- numbers and words

  const STATUS = ['offen', 'gesperrt', 'gesperrt_quelle', 'nicht_geliefert', 'nicht_sinnvoll', 'nicht_definiert'];
  const FORMATE = new Map();

  function zahl(wert, stellen = 1) {
    if (wert === null || wert === undefined || Number.isNaN(wert)) return '';
    if (!FORMATE.has(stellen)) {
      const genau = { minimumFractionDigits: stellen, maximumFractionDigits: stellen };
      FORMATE.set(stellen, new Intl.NumberFormat('de-DE', genau));
    }
    return FORMATE.get(stellen).format(wert);
  }

  const SR = {
    zahl,
    prozent: (wert, stellen = 1) => SR.mitEinheit(wert, '%', stellen),
    mitEinheit: (wert, einheit, stellen = 1) => zahl(wert, stellen) && zahl(wert, stellen) + (einheit ? '\u00a0' + einheit : ''),
    intervall: (unten, oben, stellen = 1) => (unten === null || oben === null ? '' : `${zahl(unten, stellen)}–${zahl(oben, stellen)}`),
    datum: (iso) => iso.split('-').reverse().join('.'),
    /** Signs of official statistics; "0" and "–" are values and never stand for a missing one. */
    zeichen: { gesperrt: '.', gesperrt_quelle: '.', nicht_geliefert: '…', nicht_sinnvoll: 'x', nicht_definiert: 'x' },
    statustext: {
      offen: 'offen',
      unsicher: 'Wert unsicher',
      gesperrt: 'gesperrt (Geheimhaltung)',
      gesperrt_quelle: 'von der Quelle geheim gehalten',
      nicht_geliefert: 'noch nicht geliefert',
      nicht_sinnvoll: 'Angabe nicht sinnvoll',
      nicht_definiert: 'nicht berechenbar (Nenner ist 0)',
    },
    /** The words of the legend: one text per class. */
    klassentexte: (kanten, stellen = 1, einheit = '') => kanten.slice(1).map((oben, i) => {
      const text = `${zahl(kanten[i], stellen)} bis ${i < kanten.length - 2 ? 'unter ' : ''}${zahl(oben, stellen)}`;
      return einheit ? `${text}\u00a0${einheit}` : text;
    }),
    /** CSS background of a legend swatch; the same picture as on the map. `status` "unsicher" needs its class colour. */
    schraffur: (status, farbe) => `url(${kachelBild(kachel(MUSTER[status], 1, farbe && pixelfarbe(farbe))).toDataURL()})`,
  };

  // ---------------------------------------------------------------- files

  const DATEIEN = new Map(); // URL → promise, for the page's life: going back costs no byte

  function hole(url, lies) {
    if (!DATEIEN.has(url)) {
      const datei = fetch(url)
        .then((antwort) => {
          if (!antwort.ok) throw new Error(`${url}: HTTP ${antwort.status}`);
          return antwort.arrayBuffer();
        })
        .then(entpacke)
        .then(lies);
      datei.catch(() => DATEIEN.delete(url)); // a failure is tried again
      DATEIEN.set(url, datei);
    }
    return DATEIEN.get(url);
  }

  /** Servers say Content-Encoding: gzip; a plain file server does not. A header length is never 0x8b1f (not 4n). */
  function entpacke(puffer) {
    const anfang = new Uint8Array(puffer, 0, 2);
    if (anfang[0] !== 0x1f || anfang[1] !== 0x8b) return puffer;
    const strom = new Response(puffer).body.pipeThrough(new DecompressionStream('gzip'));
    return new Response(strom).arrayBuffer();
  }

  function liesKopf(puffer) {
    const laenge = new DataView(puffer).getUint32(0, true);
    return { kopf: JSON.parse(new TextDecoder().decode(new Uint8Array(puffer, 4, laenge))), start: 4 + laenge };
  }

  /** Delta-coded rings → absolute grid coordinates, first point of each ring, first ring of each Raum, boxes. */
  function liesGeometrie(puffer) {
    const { kopf, start } = liesKopf(puffer);
    const anzahl = kopf.ids.length;
    const ringStart = summen(kopf.punkte);
    const raumRing = summen(kopf.ringe);
    const punkte = ringStart[kopf.punkte.length];
    const dx = new Int16Array(puffer, start, punkte);
    const dy = new Int16Array(puffer, start + 2 * punkte, punkte);
    const x = new Int16Array(punkte);
    const y = new Int16Array(punkte);
    const kasten = new Int16Array(4 * anzahl);
    let ersteX = 0, ersteY = 0;
    for (let raum = 0; raum < anzahl; raum++) {
      let x0 = 32767, y0 = 32767, x1 = -32768, y1 = -32768;
      for (let ring = raumRing[raum]; ring < raumRing[raum + 1]; ring++) {
        let px = ersteX, py = ersteY;
        for (let i = ringStart[ring]; i < ringStart[ring + 1]; i++) {
          x[i] = px += dx[i];
          y[i] = py += dy[i];
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
    const nummer = new Map(kopf.ids.map((id, i) => [id, i]));
    return { ...kopf, anzahl, x, y, ringStart, raumRing, kasten, nummer, pfade: [] };
  }

  function summen(anzahlen) {
    const summe = new Uint32Array(anzahlen.length + 1);
    anzahlen.forEach((n, i) => { summe[i + 1] = summe[i] + n; });
    return summe;
  }

  /** Values of all Stichtage; a missing one is a NaN whose low bits say why, so it is read as an integer. */
  function liesWerte(puffer) {
    const { kopf, start } = liesKopf(puffer);
    return {
      ...kopf,
      werte: new Float32Array(puffer, start),
      bits: new Uint32Array(puffer, start),
      unsicher: new Set(kopf.unsicher),
      zeile: new Map(kopf.stichtage.map((tag, i) => [tag, i])),
    };
  }

  function pfad(geo, raum) {
    if (!geo.pfade[raum]) {
      const weg = new Path2D();
      for (let ring = geo.raumRing[raum]; ring < geo.raumRing[raum + 1]; ring++) {
        const ende = geo.ringStart[ring + 1];
        let i = geo.ringStart[ring];
        weg.moveTo(geo.x[i], geo.y[i]);
        while (++i < ende) weg.lineTo(geo.x[i], geo.y[i]);
        weg.closePath();
      }
      geo.pfade[raum] = weg;
    }
    return geo.pfade[raum];
  }

  // ---------------------------------------------------------------- colours and hatching

  /** "#rgb", "#rrggbb" or "rgb(r, g, b)" → pixel of an ImageData (little endian: A B G R). */
  function pixelfarbe(css) {
    const kurz = /^#(.)(.)(.)$/.exec(css);
    const hex = kurz ? '#' + kurz.slice(1).map((z) => z + z).join('') : css;
    const teile = /^#(..)(..)(..)$/.exec(hex)?.slice(1).map((z) => parseInt(z, 16)) ?? /^rgb\((\d+)[ ,]+(\d+)[ ,]+(\d+)\)$/.exec(css)?.slice(1).map(Number);
    if (!teile) throw new Error(`Farbe »${css}« ist weder #rrggbb noch rgb(r, g, b).`);
    return mische(teile, teile, 0);
  }

  /** [r, g, b] of one colour, moved by `anteil` towards another, as a pixel. */
  function mische(von, nach, anteil) {
    const [r, g, b] = von.map((kanal, i) => Math.round(kanal + (nach[i] - kanal) * anteil));
    return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }

  const rgb = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];

  // Palette entries below MUSTER_ENDE are transparent pixels, so they can name a tile instead of a colour.
  const MUSTER = { gesperrt: 1, gesperrt_quelle: 1, nicht_geliefert: 2, nicht_sinnvoll: 3, nicht_definiert: 3, unsicher: 4 };
  const MUSTER_ENDE = 64;

  /** Square tile of a hatch in device pixels: 1 diagonal, 2 dots, 3 cross, ≥ 4 light counter-diagonal on `grund`. */
  function kachel(art, dichte, grund) {
    const n = Math.max(4, Math.round(6 * dichte));
    const [hell, dunkel] = [null, [[236, 236, 236], [120, 120, 120]], [[247, 247, 247], [125, 125, 125]], [[236, 236, 236], [120, 120, 120]]][art] ?? [rgb(grund), [255, 255, 255]];
    const strich = (lage) => Math.max(0, 1 - Math.abs((((lage % n) + n) % n) - n / 2) / (0.75 * dichte)); // antialiased line
    const pixel = new Uint32Array(n * n);
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        const punkt = Math.max(0, Math.min(1, dichte + 0.3 - Math.hypot(x + 0.5 - n / 2, y + 0.5 - n / 2)));
        const deckung = [0, strich(x + y), punkt, Math.max(strich(x + y), strich(x - y))][art] ?? strich(x - y) * 0.9;
        pixel[y * n + x] = mische(hell, dunkel, deckung);
      }
    }
    return { n, pixel };
  }

  function kachelBild({ n, pixel }) {
    const bild = Object.assign(document.createElement('canvas'), { width: n, height: n });
    bild.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(pixel.buffer), n, n), 0, 0);
    return bild;
  }

  // ---------------------------------------------------------------- raster

  /** Fill `ids` (w × h device pixels) with Raum number + 1; even-odd; yields now and then so that it can be spread. */
  function* rastere(geo, { s, x: tx, y: ty }, ids, w, h) {
    const { x, y, ringStart, raumRing, kasten, mitten } = geo;
    const kopf = new Int32Array(h).fill(-1); // per row: first crossing, a list sorted by x
    let weiter = new Int32Array(4096), wo = new Float32Array(4096);
    for (let raum = 0; raum < geo.anzahl; raum++) {
      if (raum % 64 === 63) yield;
      const k = 4 * raum;
      if (kasten[k] * s + tx > w || kasten[k + 2] * s + tx < 0) continue;
      const oben = Math.max(0, Math.floor(kasten[k + 1] * s + ty));
      const unten = Math.min(h - 1, Math.ceil(kasten[k + 3] * s + ty));
      if (oben > unten) continue;
      let anzahl = 0, gefuellt = false;
      for (let ring = raumRing[raum]; ring < raumRing[raum + 1]; ring++) {
        const ende = ringStart[ring + 1];
        let xa = x[ende - 1] * s + tx, ya = y[ende - 1] * s + ty - 0.5;
        for (let i = ringStart[ring]; i < ende; i++) {
          const xb = x[i] * s + tx, yb = y[i] * s + ty - 0.5; // − 0.5: rows are cut through their middle
          const von = Math.max(oben, Math.ceil(ya < yb ? ya : yb));
          const bis = Math.min(unten, Math.ceil(ya < yb ? yb : ya) - 1);
          if (von <= bis) {
            const steigung = (xb - xa) / (yb - ya);
            for (let reihe = von, mitte = xa + (von - ya) * steigung; reihe <= bis; reihe++, mitte += steigung) {
              if (anzahl === wo.length) { weiter = verdoppelt(weiter); wo = verdoppelt(wo); }
              wo[anzahl] = mitte;
              let vor = -1, nach = kopf[reihe];
              while (nach >= 0 && wo[nach] < mitte) { vor = nach; nach = weiter[nach]; }
              weiter[anzahl] = nach;
              if (vor < 0) kopf[reihe] = anzahl; else weiter[vor] = anzahl;
              anzahl++;
            }
          }
          xa = xb; ya = yb;
        }
      }
      for (let reihe = oben; reihe <= unten; reihe++) {
        for (let i = kopf[reihe]; i >= 0 && weiter[i] >= 0; i = weiter[weiter[i]]) {
          const von = Math.max(0, Math.ceil(wo[i] - 0.5)), bis = Math.min(w, Math.ceil(wo[weiter[i]] - 0.5));
          if (von < bis) { ids.fill(raum + 1, reihe * w + von, reihe * w + bis); gefuellt = true; }
        }
        kopf[reihe] = -1;
      }
      if (!gefuellt) { // smaller than a pixel: keep it reachable
        const px = Math.floor(mitten[2 * raum] * s + tx), py = Math.floor(mitten[2 * raum + 1] * s + ty);
        if (px >= 0 && px < w && py >= 0 && py < h) ids[py * w + px] = raum + 1;
      }
    }
  }

  function verdoppelt(feld) {
    const neu = new feld.constructor(2 * feld.length);
    neu.set(feld);
    return neu;
  }

  /** One look-up per pixel; palette entries below MUSTER_ENDE take the pixel from a hatch tile. */
  function faerbe(ziel, ids, w, palette, kacheln) {
    for (let i = 0, x = 0, y = 0; i < ids.length; i++) {
      const farbe = palette[ids[i]];
      if (farbe >= MUSTER_ENDE || farbe === 0) ziel[i] = farbe;
      else {
        const { n, pixel } = kacheln[farbe];
        ziel[i] = pixel[(y % n) * n + (x % n)];
      }
      if (++x === w) { x = 0; y++; }
    }
  }

  /** Hairlines for very many areas: a translucent pixel wherever the number changes to the right or below. */
  function haarlinien(ids, w, ziel, farbe) {
    for (let i = 0, n = ids.length - w - 1; i < n; i++) {
      const id = ids[i];
      ziel[i] = (id !== ids[i + 1] && id && ids[i + 1]) || (id !== ids[i + w] && id && ids[i + w]) ? farbe : 0;
    }
  }

  // ---------------------------------------------------------------- the component

  const RAND = 10; // CSS px around the fitted map
  const VEKTOR_BIS = 2000; // visible areas whose borders are stroked; above that, hairlines
  const RUHE = 70; // ms of rest after a gesture before the map is drawn sharply
  const SCHEIBE = 8; // ms of raster work per slice, so that a gesture is answered within its frame
  const DUNKEL = '#1a1a1a';
  const SCHRIFT = 'system-ui, "Segoe UI", Arial, sans-serif';
  const FEHLER = 'Die Karte konnte nicht geladen werden. Bitte die Verbindung prüfen und es noch einmal versuchen.';
  const FEHLER_BEIWERK = 'Umrisse oder Vertrauensbereiche konnten nicht geladen werden. Die Werte der Karte sind vollständig.';

  class Karte {
    constructor(element, { onWahl, onHover, onBereit } = {}) {
      Object.assign(this, { element, onWahl, onHover, onBereit });
      this.gewaehlt = [];
      this.teile = new Map(); // Gebietsstand → {geo, werte, grenzen, umrisse}
      this.lauf = 0; // number of the newest lade(): a late answer of an older one is dropped
      this.beschriftung = true;
      this.baue();
      this.hoere();
    }

    // ---- public

    /** spec: {teile, umrisse, klassen, farben, einheit, stellen, titel?, beschriftung?, stichtag?}; true when shown. */
    async lade(spec) {
      const lauf = ++this.lauf;
      this.spec = spec;
      this.palettenfarben = spec.farben.map(pixelfarbe);
      if (spec.beschriftung !== undefined) this.beschriftung = spec.beschriftung;
      this.buehne.setAttribute('aria-label', `Karte: ${spec.titel ?? 'Räume des Gebiets'}. Pfeiltasten wechseln zum Nachbarraum, Eingabe wählt aus.`);
      const erster = spec.teile.find((teil) => teil.stichtage.includes(spec.stichtag)) ?? spec.teile.at(-1);
      const nachher = spec.teile.filter((teil) => teil !== erster);
      try {
        const geladen = await this.ladeTeil(erster);
        if (lauf !== this.lauf) return false;
        this.melde('');
        this.teile = new Map([[erster.gebietsstand, geladen]]);
        this.zeige(spec.stichtag ?? erster.stichtage.at(-1));
        this.onBereit?.();
        await naechstesBild();
        this.teile = new Map([...this.teile, ...await Promise.all(nachher.map(async (teil) => [teil.gebietsstand, await this.ladeTeil(teil)]))].filter(() => lauf === this.lauf));
      } catch (fehler) {
        if (lauf === this.lauf) this.melde(FEHLER);
        console.warn(fehler);
        return false;
      }
      if (lauf === this.lauf) this.ladeBeiwerk(lauf);
      return true;
    }

    /** Show a Stichtag at once if its Gebietsstand is there: a look-up per pixel, no request. */
    zeige(stichtag) {
      this.stichtag = stichtag;
      const teil = [...this.teile.values()].find(({ werte }) => werte.zeile.has(stichtag));
      if (!teil) return false;
      const gleicheGeometrie = this.teil?.geo === teil.geo;
      this.teil = teil;
      if (gleicheGeometrie && this.raster) this.male();
      else this.neueGeometrie();
      if (this.schwebt) this.meldeHover(this.schwebt.raum, this.schwebt.x, this.schwebt.y);
      return true;
    }

    waehle(ids) {
      this.gewaehlt = [...ids];
      this.maleAuswahl();
    }

    hebe(id) {
      this.gehoben = this.teil?.geo.nummer.get(id) ?? -1;
      this.maleAuswahl();
    }

    beschrifte(an) {
      this.beschriftung = an;
      if (this.raster) this.maleLinien();
    }

    /** One entry per Raum of the Stichtag, in file order, then the Räume without geometry (rest: true). */
    eintraege(stichtag = this.stichtag) {
      const teil = [...this.teile.values()].find(({ werte }) => werte.zeile.has(stichtag));
      if (!teil) return [];
      return Array.from({ length: teil.werte.anzahl }, (_, raum) => this.eintrag(raum, stichtag, teil));
    }

    zoom(faktor, x = this.buehne.clientWidth / 2, y = this.buehne.clientHeight / 2) {
      const { sicht } = this;
      if (!sicht) return;
      const s = Math.min(Math.max(sicht.s * faktor, this.passend.s * 0.8), this.passend.s * 60);
      this.bewege({ s, x: x - (x - sicht.x) * (s / sicht.s), y: y - (y - sicht.y) * (s / sicht.s) });
    }

    passe() {
      if (this.passend) this.bewege({ ...this.passend });
    }

    /** PNG on white with title, legend (classes and hatches in use) and source line; `breite` in px. */
    async bild({ titel = this.spec.titel ?? '', untertitel = '', quelle = '' } = {}) {
      if (this.raster && this.sicht !== this.raster.sicht) await this.rasterJetzt();
      const { w, h, dichte } = this.raster;
      const legende = this.legende();
      const zeilen = Math.ceil(legende.length / 3);
      const oben = (titel ? 34 : 0) + (untertitel ? 22 : 0) + 12, unten = zeilen * 24 + (quelle ? 24 : 0) + 20;
      const blatt = Object.assign(document.createElement('canvas'), { width: w, height: h + Math.round((oben + unten) * dichte) });
      const stift = blatt.getContext('2d');
      stift.fillStyle = '#fff';
      stift.fillRect(0, 0, blatt.width, blatt.height);
      for (const ebene of this.ebenen.children) stift.drawImage(ebene, 0, Math.round(oben * dichte));
      stift.scale(dichte, dichte);
      const breite = w / dichte - 24;
      const schreibe = (text, x, y, groesse, farbe = DUNKEL, fett = '', platz = breite) => {
        stift.font = `${fett} ${groesse}px ${SCHRIFT}`;
        stift.fillStyle = farbe;
        stift.fillText(text, x, y, platz);
      };
      schreibe(titel, 12, 30, 20, DUNKEL, 'bold');
      schreibe(untertitel, 12, titel ? 54 : 26, 14);
      const fuss = oben + h / dichte + 8;
      legende.forEach(({ text, farbe, muster }, i) => {
        const x = 12 + (Math.floor(i / zeilen) * breite) / 3, y = fuss + (i % zeilen) * 24;
        stift.fillStyle = muster ? stift.createPattern(kachelBild(muster), 'repeat') : farbe;
        stift.fillRect(x, y, 28, 16);
        stift.strokeStyle = '#767676';
        stift.strokeRect(x + 0.5, y + 0.5, 27, 15);
        schreibe(text, x + 36, y + 13, 13, DUNKEL, '', breite / 3 - 44);
      });
      schreibe(quelle, 12, fuss + zeilen * 24 + 16, 11, '#595959');
      return new Promise((fertig) => { blatt.toBlob(fertig, 'image/png'); });
    }

    entferne() {
      this.lauf++;
      this.ende.abort();
      this.waechter.disconnect();
      this.element.replaceChildren();
    }

    // ---- loading

    async ladeTeil(teil) {
      const [geo, werte] = await Promise.all([hole(teil.geo, liesGeometrie), hole(teil.wert, liesWerte)]);
      return { ...teil, geo, werte, grenzenUrl: teil.grenzen, grenzen: null, umrisse: null };
    }

    /** Outlines and intervals after the first paint: the map is usable without them. */
    async ladeBeiwerk(lauf) {
      const dieser = () => lauf === this.lauf;
      const laden = [...this.teile.values()].flatMap((teil) => {
        const url = this.spec.umrisse?.[teil.gebietsstand];
        const umrisse = url && hole(url, liesGeometrie).then((geo) => {
          teil.umrisse = geo;
          if (dieser() && teil === this.teil && this.raster) this.maleLinien();
        });
        const grenzen = teil.grenzenUrl && hole(teil.grenzenUrl, liesWerte).then((werte) => { teil.grenzen = werte; });
        return [umrisse, grenzen];
      });
      const ergebnis = await Promise.allSettled(laden);
      if (!dieser()) return;
      if (ergebnis.some(({ status }) => status === 'rejected')) this.melde(FEHLER_BEIWERK);
      this.onBereit?.();
    }

    melde(text) {
      this.meldung.hidden = !text;
      this.meldung.firstChild.textContent = text;
    }

    eintrag(raum, stichtag = this.stichtag, { geo, werte, grenzen } = this.teil) {
      const rest = raum >= geo.anzahl;
      const stelle = werte.zeile.get(stichtag) * werte.anzahl + raum;
      const status = this.status(werte, stelle);
      const mitWert = status === 'offen' || status === 'unsicher';
      const grenze = (i) => (mitWert && grenzen && !Number.isNaN(grenzen.werte[i]) ? grenzen.werte[i] : null);
      return {
        id: rest ? werte.rest_ids?.[raum - geo.anzahl] ?? null : geo.ids[raum],
        name: rest ? werte.rest[raum - geo.anzahl] : geo.namen[raum],
        eltern: rest ? null : geo.eltern[raum],
        wert: mitWert ? werte.werte[stelle] : null,
        unten: grenze(stelle),
        oben: grenze(stelle + werte.stichtage.length * werte.anzahl),
        status,
        klasse: mitWert ? this.klasse(werte.werte[stelle]) : null,
        rest,
      };
    }

    status(werte, stelle) {
      if (!Number.isNaN(werte.werte[stelle])) return werte.unsicher.has(stelle) ? 'unsicher' : 'offen';
      return STATUS[werte.bits[stelle] & 7] ?? 'nicht_geliefert';
    }

    /** Class i holds edge[i] ≤ value < edge[i + 1]; the last one is closed. */
    klasse(wert) {
      const { klassen } = this.spec;
      let i = 0;
      while (i < klassen.length - 2 && wert >= klassen[i + 1]) i++;
      return i;
    }

    // ---- drawing

    neueGeometrie() {
      const { geo } = this.teil;
      const alt = this.masse;
      this.masse = [geo.breite, geo.hoehe, geo.meter].join();
      this.fokus = -1;
      this.gehoben = -1;
      this.schwebt = null;
      this.berechnePassend();
      if (!this.sicht || alt !== this.masse) this.sicht = { ...this.passend };
      this.rasterJetzt();
    }

    berechnePassend() {
      const { breite, hoehe } = this.teil.geo;
      const w = this.buehne.clientWidth, h = this.buehne.clientHeight;
      const s = Math.max(1e-6, Math.min((w - 2 * RAND) / breite, (h - 2 * RAND) / hoehe));
      this.passend = { s, x: (w - breite * s) / 2, y: (h - hoehe * s) / 2 };
    }

    /** Start a raster of the present view; `scheibe` spreads it over several tasks. */
    async rasterJetzt(scheibe = false) {
      clearTimeout(this.uhr);
      this.uhr = 0;
      const auftrag = (this.auftrag = {});
      const { sicht, teil } = this;
      const dichte = Math.min(window.devicePixelRatio || 1, 2.5);
      const w = Math.max(1, Math.round(this.buehne.clientWidth * dichte));
      const h = Math.max(1, Math.round(this.buehne.clientHeight * dichte));
      const ids = new Uint16Array(w * h);
      const arbeit = rastere(teil.geo, { s: sicht.s * dichte, x: sicht.x * dichte, y: sicht.y * dichte }, ids, w, h);
      let pause = performance.now() + SCHEIBE;
      while (!arbeit.next().done) {
        if (!scheibe || performance.now() < pause) continue;
        await new Promise((weiter) => { setTimeout(weiter); });
        if (auftrag !== this.auftrag) return; // something newer is on its way
        pause = performance.now() + SCHEIBE;
      }
      this.auftrag = null;
      const gleich = this.raster?.w === w && this.raster?.h === h && this.raster?.dichte === dichte;
      const pixel = gleich ? this.raster.pixel : new ImageData(w, h);
      this.raster = { sicht, dichte, w, h, ids, geo: teil.geo, pixel, farben: new Uint32Array(pixel.data.buffer) };
      if (!gleich) {
        for (const ebene of this.ebenen.children) {
          Object.assign(ebene, { width: w, height: h });
          Object.assign(ebene.style, { width: `${w / dichte}px`, height: `${h / dichte}px` });
        }
      }
      this.male();
      this.maleLinien();
      this.maleAuswahl();
      this.verschiebe();
    }

    /** Recolour. */
    male() {
      const { ids, w, pixel, farben, dichte } = this.raster;
      const { geo, werte } = this.teil;
      const kacheln = [null, ...[1, 2, 3].map((art) => kachel(art, dichte)), ...this.palettenfarben.map((farbe) => kachel(MUSTER.unsicher, dichte, farbe))];
      const palette = new Uint32Array(geo.anzahl + 1);
      const start = werte.zeile.get(this.stichtag) * werte.anzahl;
      for (let raum = 0; raum < geo.anzahl; raum++) {
        const status = this.status(werte, start + raum);
        const klasse = this.klasse(werte.werte[start + raum]);
        palette[raum + 1] = status === 'offen' ? this.palettenfarben[klasse] : MUSTER[status] + (status === 'unsicher' ? klasse : 0);
      }
      faerbe(farben, ids, w, palette, kacheln);
      this.stifte.flaechen.putImageData(pixel, 0, 0);
    }

    sichtbar(geo) {
      const { sicht: { s, x, y }, w, h, dichte } = this.raster;
      const drin = [];
      for (let i = 0, k = geo.kasten; i < geo.anzahl; i++) {
        const j = 4 * i;
        if (k[j] * s + x < w / dichte && k[j + 2] * s + x > 0 && k[j + 1] * s + y < h / dichte && k[j + 3] * s + y > 0) drin.push(i);
      }
      return drin;
    }

    maleLinien() {
      const { ids, w, h, dichte } = this.raster;
      const { geo, umrisse } = this.teil;
      const stift = this.stifte.linien;
      this.leere(stift);
      const raeume = this.sichtbar(geo);
      if (raeume.length > VEKTOR_BIS) {
        const bild = new ImageData(w, h);
        haarlinien(ids, w, new Uint32Array(bild.data.buffer), umrisse ? 0x70ffffff : 0x60404040);
        stift.putImageData(bild, 0, 0);
      } else {
        const breite = raeume.length > 700 ? 0.6 : raeume.length > 150 ? 0.8 : 1.1;
        this.zeichne(stift, geo, raeume, umrisse ? '#fff' : '#5a5a5a', breite);
      }
      if (umrisse) this.zeichne(stift, umrisse, this.sichtbar(umrisse), '#3a3a3a', raeume.length > VEKTOR_BIS ? 0.7 : 1.2);
      if (this.beschriftung) this.schreibeNamen(stift, raeume);
    }

    maleAuswahl() {
      if (!this.raster) return;
      const { geo } = this.teil;
      const stift = this.stifte.auswahl;
      const raeume = this.gewaehlt.map((id) => geo.nummer.get(id)).filter((i) => i !== undefined);
      this.leere(stift);
      this.zeichne(stift, geo, raeume, '#fff', 5.5);
      this.zeichne(stift, geo, raeume, DUNKEL, 2.6);
      const schwebend = [this.schwebt?.raum, this.gehoben, this.fokus].filter((i) => i >= 0);
      this.zeichne(stift, geo, schwebend, '#fff', 3.6);
      this.zeichne(stift, geo, schwebend, DUNKEL, 1.6);
    }

    leere(stift) {
      stift.setTransform(1, 0, 0, 1, 0, 0);
      stift.clearRect(0, 0, this.raster.w, this.raster.h);
    }

    /** Stroke each Raum by itself: one huge path is many times slower. `breite` in CSS px. */
    zeichne(stift, geo, raeume, farbe, breite) {
      const { sicht, dichte } = this.raster;
      stift.setTransform(sicht.s * dichte, 0, 0, sicht.s * dichte, sicht.x * dichte, sicht.y * dichte);
      Object.assign(stift, { strokeStyle: farbe, lineWidth: breite / sicht.s, lineJoin: 'round' });
      for (const raum of raeume) stift.stroke(pfad(geo, raum));
    }

    /** Names where they fit, large Räume first, never two on top of each other. */
    schreibeNamen(stift, raeume) {
      const { sicht: { s, x, y }, dichte, w, h, ids } = this.raster;
      const { kasten, mitten, namen } = this.teil.geo;
      const breit = (i) => (kasten[4 * i + 2] - kasten[4 * i]) * s, hoch = (i) => (kasten[4 * i + 3] - kasten[4 * i + 1]) * s;
      const belegt = [];
      stift.setTransform(dichte, 0, 0, dichte, 0, 0);
      Object.assign(stift, { font: `12.5px ${SCHRIFT}`, textAlign: 'center', textBaseline: 'middle', lineJoin: 'round', lineWidth: 3.2, strokeStyle: 'rgba(255,255,255,.92)', fillStyle: DUNKEL });
      const drin = (px, py, i) => ids[Math.round(py * dichte) * w + Math.round(px * dichte)] === i + 1;
      for (const i of raeume.filter((k) => breit(k) > 36 && hoch(k) > 16).sort((a, b) => breit(b) * hoch(b) - breit(a) * hoch(a))) {
        const mx = mitten[2 * i] * s + x, my = mitten[2 * i + 1] * s + y;
        for (const zeilen of umbrueche(namen[i])) {
          const halb = Math.max(...zeilen.map((zeile) => stift.measureText(zeile).width)) / 2, hoehe = 7.5 * zeilen.length;
          const kiste = [mx - halb - 2, my - hoehe, mx + halb + 2, my + hoehe];
          if (kiste[0] < 0 || kiste[1] < 0 || kiste[2] > w / dichte || kiste[3] > h / dichte) continue;
          if (!drin(mx - halb * 0.85, my, i) || !drin(mx + halb * 0.85, my, i) || hoch(i) < 2 * hoehe) continue;
          if (belegt.some((b) => b[0] < kiste[2] && b[2] > kiste[0] && b[1] < kiste[3] && b[3] > kiste[1])) continue;
          belegt.push(kiste);
          zeilen.forEach((zeile, k) => {
            const zy = my + (k - (zeilen.length - 1) / 2) * 15;
            stift.strokeText(zeile, mx, zy);
            stift.fillText(zeile, mx, zy);
          });
          break;
        }
      }
    }

    /** Classes and the hatches that occur at this Stichtag. */
    legende() {
      const { klassen, farben, stellen, einheit } = this.spec;
      const { dichte } = this.raster;
      const vorhanden = new Set(this.eintraege().filter(({ rest }) => !rest).map(({ status }) => status));
      const hatches = Object.keys(MUSTER).filter((status) => vorhanden.has(status));
      return [
        ...SR.klassentexte(klassen, stellen, einheit).map((text, i) => ({ text, farbe: farben[i] })),
        ...hatches.map((status) => ({ text: SR.statustext[status], muster: kachel(MUSTER[status], dichte, this.palettenfarben[0]) })),
      ];
    }

    // ---- view

    bewege(sicht) {
      const { breite, hoehe } = this.teil.geo;
      const w = this.buehne.clientWidth, h = this.buehne.clientHeight;
      const klemme = (t, laenge, platz) => Math.min(Math.max(t, platz * 0.25 - laenge), platz * 0.75); // never lost out of sight
      this.sicht = { s: sicht.s, x: klemme(sicht.x, breite * sicht.s, w), y: klemme(sicht.y, hoehe * sicht.s, h) };
      this.buehne.style.touchAction = sicht.s > this.passend.s * 1.02 ? 'none' : 'pan-y'; // a fitted map lets the page scroll
      this.verschiebe();
      if (!this.uhr) this.uhr = setTimeout(() => this.rasterJetzt(true), RUHE);
    }

    /** The old picture, moved at once to where the new one will be. */
    verschiebe() {
      const von = this.raster.sicht, nach = this.sicht, k = nach.s / von.s;
      this.ebenen.style.transform = von === nach ? '' : `matrix(${k},0,0,${k},${nach.x - von.x * k},${nach.y - von.y * k})`;
    }

    /** Number of the Raum under a point of the element (CSS px), or −1. */
    raumBei(px, py) {
      const { sicht: von, ids, w, h, dichte, geo } = this.raster ?? {};
      if (!von || geo !== this.teil.geo) return -1;
      const { sicht } = this;
      const x = Math.floor((((px - sicht.x) / sicht.s) * von.s + von.x) * dichte);
      const y = Math.floor((((py - sicht.y) / sicht.s) * von.s + von.y) * dichte);
      return x < 0 || y < 0 || x >= w || y >= h ? -1 : ids[y * w + x] - 1;
    }

    // ---- pointer and keyboard

    hoere() {
      this.ende = new AbortController();
      const auf = (ziel, name, tat, mehr = {}) => ziel.addEventListener(name, tat, { signal: this.ende.signal, ...mehr });
      const finger = new Map();
      let weg = 0;
      const ort = (e) => {
        const kasten = this.buehne.getBoundingClientRect();
        return [e.clientX - kasten.left, e.clientY - kasten.top];
      };
      auf(this.buehne, 'pointerdown', (e) => {
        if (e.button || !this.raster) return;
        if (!finger.size) weg = 0;
        finger.set(e.pointerId, ort(e));
        this.buehne.setPointerCapture(e.pointerId);
      });
      auf(this.buehne, 'pointermove', (e) => {
        if (!this.raster) return;
        const [x, y] = ort(e), alt = finger.get(e.pointerId);
        if (!alt) return this.schwebe(this.raumBei(x, y), x, y);
        weg += Math.hypot(x - alt[0], y - alt[1]);
        if (weg > 4 || finger.size > 1) this.ziehe(finger, e.pointerId, [x, y]);
        if (weg > 4 || finger.size > 1) finger.set(e.pointerId, [x, y]);
      });
      auf(this.buehne, 'pointerup', (e) => {
        if (!finger.delete(e.pointerId) || finger.size || weg > 4) return;
        const raum = this.raumBei(...ort(e));
        this.fokus = -1;
        this.onWahl?.(raum < 0 ? null : this.teil.geo.ids[raum], e.ctrlKey || e.metaKey || e.shiftKey);
      });
      auf(this.buehne, 'pointercancel', (e) => finger.delete(e.pointerId));
      auf(this.buehne, 'pointerleave', () => this.schwebe(-1));
      auf(this.buehne, 'dblclick', (e) => this.zoom(e.shiftKey ? 0.5 : 2, ...ort(e)));
      auf(this.buehne, 'wheel', (e) => {
        if (!e.ctrlKey && document.activeElement !== this.buehne) return; // else the page scrolls
        e.preventDefault();
        this.zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0018)), ...ort(e));
      }, { passive: false });
      auf(this.buehne, 'keydown', (e) => this.taste(e));
      auf(this.buehne, 'blur', () => this.fokussiere(-1));
      auf(window, 'beforeprint', () => this.ebenen.classList.add('karte-druck'));
      auf(window, 'afterprint', () => this.ebenen.classList.remove('karte-druck'));
      this.waechter = new ResizeObserver(() => this.neueGroesse());
      this.waechter.observe(this.buehne);
      auf(window, 'resize', () => this.neueGroesse()); // also a change of the device-pixel ratio
    }

    /** One finger or the mouse pans, two fingers zoom around their middle. */
    ziehe(finger, zeiger, [x, y]) {
      const [altX, altY] = finger.get(zeiger);
      const anderer = [...finger].find(([id]) => id !== zeiger)?.[1];
      if (!anderer) return this.bewege({ ...this.sicht, x: this.sicht.x + x - altX, y: this.sicht.y + y - altY });
      const [ax, ay] = anderer;
      const faktor = Math.hypot(x - ax, y - ay) / Math.max(1, Math.hypot(altX - ax, altY - ay));
      this.bewege({ ...this.sicht, x: this.sicht.x + (x - altX) / 2, y: this.sicht.y + (y - altY) / 2 });
      this.zoom(faktor, (x + ax) / 2, (y + ay) / 2);
    }

    neueGroesse() {
      if (!this.teil || !this.buehne.clientWidth) return;
      const { w, h, dichte } = this.raster ?? {};
      const jetzt = Math.min(window.devicePixelRatio || 1, 2.5);
      if (dichte === jetzt && w === Math.round(this.buehne.clientWidth * jetzt) && h === Math.round(this.buehne.clientHeight * jetzt)) return;
      const passte = Math.abs(this.sicht.s / this.passend.s - 1) < 0.001;
      this.berechnePassend();
      if (passte) this.sicht = { ...this.passend };
      this.rasterJetzt();
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
      const { ids } = this.teil.geo;
      const richtung = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[e.key];
      if (richtung) this.fokussiere(this.naechster(...richtung));
      else if (e.key === 'Enter' || e.key === ' ') this.fokus >= 0 && this.onWahl?.(ids[this.fokus], e.ctrlKey || e.metaKey || e.shiftKey);
      else if (e.key === 'Escape') { this.fokussiere(-1); this.onWahl?.(null, false); }
      else if (e.key === '+') this.zoom(1.5);
      else if (e.key === '-') this.zoom(1 / 1.5);
      else if (e.key === '0') this.passe();
      else return;
      e.preventDefault();
    }

    /** The Raum to go to: the neighbour that lies best in this direction, else the nearest beyond a gap. */
    naechster(dx, dy) {
      const { mitten, nachbarn, nummer, anzahl, breite, hoehe } = this.teil.geo;
      const von = this.fokus >= 0 ? this.fokus : nummer.get(this.gewaehlt.at(-1)) ?? -1;
      const ort = (i) => [mitten[2 * i], mitten[2 * i + 1]];
      const alle = Array.from({ length: anzahl }, (_, i) => i);
      const [x, y] = von < 0 ? [breite / 2, hoehe / 2] : ort(von);
      if (von < 0) return kleinster(alle, (i) => Math.hypot(ort(i)[0] - x, ort(i)[1] - y));
      const aufwand = (i) => {
        const vor = (ort(i)[0] - x) * dx + (ort(i)[1] - y) * dy, quer = Math.abs((ort(i)[0] - x) * dy - (ort(i)[1] - y) * dx);
        return vor > 0 && quer <= vor * 1.2 ? vor + 2 * quer : Infinity;
      };
      const nah = kleinster(nachbarn[von], aufwand);
      return nah >= 0 ? nah : Math.max(kleinster(alle.filter((i) => i !== von), aufwand), -1) >= 0 ? kleinster(alle.filter((i) => i !== von), aufwand) : von;
    }

    fokussiere(raum) {
      if (raum === this.fokus) return;
      this.fokus = raum;
      this.maleAuswahl();
      this.ansage.textContent = raum < 0 ? '' : this.satz(this.eintrag(raum));
      if (raum < 0) return this.onHover?.(null, 0, 0);
      const { mitten } = this.teil.geo, { s } = this.sicht;
      const x = mitten[2 * raum] * s + this.sicht.x, y = mitten[2 * raum + 1] * s + this.sicht.y;
      const w = this.buehne.clientWidth, h = this.buehne.clientHeight;
      const drin = x > 0 && y > 0 && x < w && y < h;
      if (!drin) this.bewege({ s, x: this.sicht.x + w / 2 - x, y: this.sicht.y + h / 2 - y });
      this.meldeHover(raum, drin ? x : w / 2, drin ? y : h / 2);
    }

    satz({ name, wert, unten, oben, status, klasse }) {
      const { stellen, einheit, klassen } = this.spec;
      if (wert === null) return `${name}: ${SR.statustext[status]}`;
      const bereich = unten === null ? '' : ` (${zahl(unten, stellen)} bis ${zahl(oben, stellen)})`;
      const zweifel = status === 'unsicher' ? `, ${SR.statustext.unsicher}` : '';
      return `${name}: ${SR.mitEinheit(wert, einheit, stellen)}${bereich}, Klasse ${klasse + 1} von ${klassen.length - 1}${zweifel}`;
    }

    // ---- page elements

    baue() {
      const neu = (art, stil, eigenschaften = {}) => {
        const knoten = Object.assign(document.createElement(art), eigenschaften);
        knoten.style.cssText = stil;
        return knoten;
      };
      this.buehne = neu('div', 'position:absolute;inset:0;overflow:hidden;touch-action:pan-y;user-select:none', { className: 'karte-buehne', tabIndex: 0 });
      this.buehne.setAttribute('role', 'application'); // arrow keys are ours: a screen reader must pass them on
      this.buehne.setAttribute('aria-roledescription', 'Karte');
      this.buehne.setAttribute('aria-label', 'Karte wird geladen');
      this.ebenen = neu('div', 'position:absolute;left:0;top:0;transform-origin:0 0', { className: 'karte-ebenen' });
      this.stifte = {};
      for (const name of ['flaechen', 'linien', 'auswahl']) {
        const ebene = neu('canvas', 'position:absolute;left:0;top:0', { className: `karte-${name}` });
        ebene.setAttribute('aria-hidden', 'true');
        this.stifte[name] = ebene.getContext('2d', { willReadFrequently: true }); // keeps it on the CPU: 7 times faster here
        this.ebenen.append(ebene);
      }
      this.ansage = neu('div', 'position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap');
      this.ansage.setAttribute('aria-live', 'polite');
      this.meldung = neu('div', 'position:absolute;left:8px;right:8px;bottom:8px;padding:12px;background:#fff;color:#1a1a1a;border:1px solid #767676', { className: 'karte-meldung', hidden: true });
      this.meldung.setAttribute('role', 'alert');
      const nochmal = neu('button', 'margin-left:12px;min-height:32px', { type: 'button', textContent: 'Erneut versuchen' });
      nochmal.addEventListener('click', () => this.lade({ ...this.spec, stichtag: this.stichtag ?? this.spec.stichtag }));
      this.meldung.append(neu('span', ''), nochmal);
      this.buehne.append(this.ebenen);
      if (getComputedStyle(this.element).position === 'static') this.element.style.position = 'relative';
      if (!this.element.clientHeight) this.element.style.minHeight = '320px';
      this.element.replaceChildren(this.buehne, this.ansage, this.meldung);
    }
  }

  /** A name in one line, then broken once at a blank or hyphen, most even parts first. */
  function umbrueche(name) {
    const stellen = [...name.matchAll(/[ \-/](?=\S)/g)].map(({ index }) => index + 1);
    const mitte = name.length / 2;
    stellen.sort((a, b) => Math.abs(a - mitte) - Math.abs(b - mitte));
    return [[name], ...stellen.slice(0, 1).map((i) => [name.slice(0, i).trim(), name.slice(i)])];
  }

  function kleinster(nummern, aufwand) {
    let beste = -1, wenigster = Infinity;
    for (const i of nummern) {
      const a = aufwand(i);
      if (a < wenigster) { wenigster = a; beste = i; }
    }
    return beste;
  }

  const naechstesBild = () => new Promise((weiter) => { requestAnimationFrame(() => setTimeout(weiter)); });

  window.SR = Object.assign(window.SR || {}, SR);
  window.Karte = Karte;
})();
