/* The view of the page »Karte«: one state {kennzahl, ebene, stichtag, raeume, kommune, tab}, kept in the Store "ansicht" and in the URL.
 *
 * A change of Stichtag, selection or Ausschnitt is drawn here from what karte.js has loaded; the server is not asked.
 * Dash calls lies and zeige (window.dash_clientside.sr); everything else belongs to this file.
 */
(function () {
  'use strict';

  const MAX_RAEUME = 4, ZEILE = 38, TABELLE_BIS = 300, TAKT = 1100;
  const ZEICHEN = ['●', '▲', '▼'], LAGEN = ['ähnlich wie', 'über', 'unter']; // of the verdicts of karte.js
  const $ = (id) => document.getElementById(id);
  const gleich = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const setze = (id, props) => window.dash_clientside.set_props(id, props);
  let aufHeute = false; // old Stichtage on today's Räume instead of their own
  let zustand = null, plan = null, karte = null, geladen = null, offen = null, uhr = 0, gezeigt = '', gemalt = '', spaeter = 0, alleZeilen = false;

  /** Element with attributes (`on…` are listeners) and children; texts are never parsed as HTML. */
  function h(name, werte = {}, ...kinder) {
    const knoten = document.createElement(name);
    for (const [schluessel, wert] of Object.entries(werte)) {
      if (schluessel.startsWith('on')) knoten.addEventListener(schluessel.slice(2), wert);
      else if (wert !== false && wert !== null && wert !== undefined) knoten.setAttribute(schluessel, wert === true ? '' : wert);
    }
    knoten.append(...kinder.flat().filter((kind) => kind !== null && kind !== ''));
    return knoten;
  }

  // ---------------------------------------------------------------- Dash ↔ state

  /** Controls → state; no change, no event. */
  function lies(kennzahl, ebene, kommune, raeume, tab) {
    if (!zustand) return window.dash_clientside.no_update; // the page is not there yet
    const neu = { ...zustand, kennzahl, ebene, kommune: kommune || '', raeume: raeume || [], tab };
    return gleich(neu, zustand) ? window.dash_clientside.no_update : neu;
  }

  /** State and plan → page. Returns what is shown, for the attribute data-stand. */
  function zeige(ansicht, neuerPlan) {
    if (karte?.element !== $('karte')) { // a new page
      halt();
      karte?.entferne();
      karte = geladen = plan = letzteFrage = null;
    }
    const ausschnittNeu = ansicht.kommune !== gezeigt;
    gezeigt = ansicht.kommune;
    zustand = { ...ansicht, stichtag: karte ? zustand.stichtag : ansicht.stichtag };
    const neu = !gleich(neuerPlan, plan);
    if (neuerPlan.kennzahl !== ansicht.kennzahl || (neuerPlan.ebene !== ansicht.ebene && !neu)) return window.dash_clientside.no_update; // the plan is on its way
    if (neu) ladePlan(neuerPlan);
    else if (JSON.stringify(zustand) !== gemalt) {
      zeichne();
      if (ausschnittNeu) schneideZu();
    }
    return `${plan.kennzahl} ${plan.ebene}`;
  }

  /** Change the state from the page itself: draw first, tell Dash afterwards. */
  function aendere(teil) {
    const vorher = zustand;
    zustand = { ...zustand, ...teil };
    zeichne();
    setTimeout(() => setze('ansicht', { data: zustand }));
    if (teil.raeume && !gleich(teil.raeume, vorher.raeume)) setze('raeume', { value: teil.raeume });
  }

  function ladePlan(neu, zuschnittNeu = false) {
    const ebeneNeu = zuschnittNeu || plan?.ebene !== neu.ebene || !karte;
    plan = neu;
    alleZeilen = false;
    zustand.ebene = neu.ebene;
    zustand.stichtag = naechster(zustand.stichtag);
    karte ??= new window.Karte($('karte'), { onWahl: waehle, onHover: schwebe, onBereit: zeichne });
    geladen = null;
    baueZeit();
    baueZuschnitt();
    baueUrteil();
    $('kommune-feld').hidden = !plan.fokus;
    $('figur-titel').textContent = plan.titel;
    $('quelle').textContent = plan.quelle;
    const dieser = neu;
    offen = dieser;
    karte.lade({ ...plan, teile: teile(), stichtag: zustand.stichtag, reduziert: matchMedia('(prefers-reduced-motion: reduce)').matches }).then(() => {
      if (offen !== dieser) return;
      if (ebeneNeu) {
        raeumeAnbieten();
        schneideZu();
      }
      zeichne();
    });
  }

  /** Borders of their time, one file per Gebietsstand; or one file with all Stichtage on today's Räume. */
  const teile = () => (aufHeute && plan.heute ? [plan.heute] : plan.teile);

  function baueZuschnitt() {
    const feld = $('zuschnitt-feld');
    feld.hidden = !plan.heute;
    if (!plan.heute) return feld.replaceChildren();
    const wahl = h('input', { type: 'checkbox', id: 'auf-heute', checked: aufHeute, onchange: (e) => {
      aufHeute = e.target.checked;
      const merken = zustand.raeume;
      ladePlan(plan, true);
      zustand.raeume = merken;
    } });
    feld.replaceChildren(wahl, h('label', { for: 'auf-heute' }, 'Auf heutige Räume umrechnen'),
      h('p', { class: 'leise klein' }, aufHeute ? `Ältere Werte sind umgerechnet (${plan.heute_art}), Zeichen: u.` : 'Ältere Werte stehen in den Räumen ihrer Zeit.'));
  }

  /** Switch between values and verdicts; not where old Stichtage are converted, they have none. */
  function baueUrteil() {
    const feld = $('urteil-feld'), gibt = teile().some(({ vergleich }) => vergleich) && plan.testbar;
    feld.hidden = !gibt;
    karte.urteile = gibt && zustand.urteil;
    feld.replaceChildren(...(!gibt ? [] : [
      h('input', { type: 'checkbox', id: 'urteil', checked: zustand.urteil, onchange: (e) => { karte.zeigeUrteile(e.target.checked); aendere({ urteil: e.target.checked }); } }),
      h('label', { for: 'urteil' }, `Auffälligkeit gegenüber ${plan.rest} (99,8 %)`),
      h('details', { class: 'falte klein' }, h('summary', {}, 'Was heißt das?'), h('p', {}, `Verglichen wird mit ${plan.rest}: dem Gebiet ohne den Raum selbst. Auffällig ist ein Raum erst, wenn sein 99,8-%-Intervall ganz auf einer Seite liegt; bei vielen Räumen lägen sonst einige schon durch Zufall außerhalb.`), h('p', {}, plan.hinweis))]));
  }

  const mitUrteil = () => Boolean(karte?.urteile);
  const naechster = (tag) => plan.stichtage.map(([iso]) => iso).filter((iso) => iso <= tag).at(-1) ?? plan.stichtage[0][0];
  const tagName = (tag) => plan.stichtage.find(([iso]) => iso === tag)?.[1] ?? '';

  /** Options of "Räume vergleichen" come from the map file; unknown ones (another level) are dropped. */
  function raeumeAnbieten() {
    const alle = karte.eintraege(zustand.stichtag).filter(({ id }) => id);
    if (!alle.length) return;
    const namen = alle.map(({ id, name, eltern }) => ({ value: id, label: plan.fokus && plan.namen_eltern[eltern] ? `${name} (${plan.namen_eltern[eltern]})` : name }));
    namen.sort((a, b) => a.label.localeCompare(b.label, 'de'));
    const da = new Set(alle.map(({ id }) => id));
    zustand.raeume = zustand.raeume.filter((id) => da.has(id));
    setze('raeume', { data: namen, value: zustand.raeume });
  }

  function schneideZu() {
    if (!geladen) geladen = karte.eintraege(zustand.stichtag);
    const ids = plan.fokus && zustand.kommune ? geladen.filter(({ eltern }) => eltern === zustand.kommune).map(({ id }) => id) : null;
    karte.passe(ids?.length ? ids : undefined);
  }

  // ---------------------------------------------------------------- drawing

  function zeichne() {
    if (!karte || !plan) return;
    zustand.stichtag = naechster(zustand.stichtag);
    const { stichtag } = zustand;
    if (karte.stichtag !== stichtag) karte.zeige(stichtag);
    if (!gleich(karte.gewaehlt, zustand.raeume)) karte.waehle(zustand.raeume);
    const alle = karte.eintraege(stichtag).filter(({ rest }) => !(rest && plan.eigene)); // nobody outside all places belongs to an own area
    if (!alle.length) return;
    geladen = alle;
    const sichtbar = plan.fokus && zustand.kommune ? alle.filter(({ eltern }) => eltern === zustand.kommune) : alle;
    const folge = rangiere(sichtbar);
    const orte = sichtbar.filter(({ rest }) => !rest).length;
    $('figur-unter').textContent = [tagName(stichtag), `${SR.zahl(orte, 0)} ${orte === 1 ? plan.einzahl : plan.plural}`, !stufig() && plan.einheit && `Angaben ${plan.einheit.startsWith('je ') ? '' : 'in '}${plan.einheit === '%' ? 'Prozent' : plan.einheit}`, plan.naeherung && `Näherung: ${plan.naeherung}`, plan.bestaetigt === false && 'Definition noch nicht bestätigt'].filter(Boolean).join(' · ');
    $('stichtag-gross').textContent = tagName(stichtag);
    $('satz').textContent = satz(folge);
    $('figur').parentNode.classList.toggle('breit', zustand.tab === 'tabelle'); // the table is the ranking, with more columns
    maleChips(alle);
    maleLegende(alle);
    maleRang(folge);
    if (zustand.tab === 'tabelle') maleTabelle(folge);
    maleZeit();
    gemalt = JSON.stringify(zustand);
    clearTimeout(spaeter); // what nobody sees waits until the picture is there
    spaeter = setTimeout(() => { merke(); frageReihe(); }, 60);
  }

  /** Highest first, equal values share a rank; then Räume without a value; last the Rest-Raum: no place, no rank. */
  function rangiere(eintraege) {
    const nachName = (a, b) => a.name.localeCompare(b.name, 'de'), orte = eintraege.filter(({ rest }) => !rest);
    const mit = orte.filter(({ wert }) => wert !== null).sort((a, b) => b.wert - a.wert || nachName(a, b));
    mit.forEach((e, i) => { e.rang = i && mit[i - 1].wert === e.wert ? mit[i - 1].rang : i + 1; });
    return [...mit, ...orte.filter(({ wert }) => wert === null).sort(nachName), ...eintraege.filter(({ rest }) => rest)];
  }

  const mass = () => plan.summierbar ? undefined : plan.vergleich[zustand.stichtag];
  const stufig = () => plan.stufen.length > 0; // numbers that stand for named classes
  const text = (wert) => karte.text(wert);
  const bereich = ({ unten, oben }) => SR.intervall(unten, oben, plan.stellen);
  const anzeige = (e) => (e.wert === null ? SR.zeichen[e.status] ?? '…' : e.status === 'unsicher' ? `(${text(e.wert)})` : text(e.wert)) + (e.umgerechnet ? ' u' : '');

  /** ▲ ▼ ● against the rest of the Gebiet, at 99.8 %: here many Räume are looked at together. */
  const vergleich = ({ streng }) => streng > 0 ? [ZEICHEN[streng], LAGEN[streng]] : streng === 0 ? [ZEICHEN[0], 'nicht auffällig gegenüber'] : ['', ''];
  const rangText = ({ rang, rangVon, rangBis }) => `${rang}${rangVon && !zustand.kommune ? ` (${rangVon}–${rangBis})` : ''}`;

  /** One statement in plain German: about the selected Raum, otherwise about the range. */
  function satz(folge) {
    const gewaehlt = zustand.raeume.map((id) => geladen.find((e) => e.id === id)).filter(Boolean);
    const ganzesSatz = mass() === undefined ? '' : `${plan.ganzes}: ${text(mass())}`;
    if (gewaehlt.length) {
      return gewaehlt.slice(0, 2).map((e) => {
        if (e.wert === null) return `${e.name}: ${plan.status_saetze[e.status]}`;
        const spanne = bereich(e) && ` (95-%-Intervall ${bereich(e)})`, rest = `${plan.rest} (${text(e.mass)})`;
        const lage = e.urteil < 0 ? ganzesSatz && `; ${ganzesSatz}` : e.urteil === 0 ? `, nicht deutlich verschieden von ${rest}` : `, ${LAGEN[e.urteil]} ${rest}`;
        return `${e.name}: ${text(e.wert)}${spanne}${lage}.${e.umgerechnet ? ` Umgerechnet (${plan.heute_art}).` : ''}`;
      }).join(' ');
    }
    const mit = folge.filter(({ wert, rest }) => wert !== null && !rest);
    if (!mit.length) return 'Für diesen Stichtag ist kein Wert veröffentlicht.';
    if (mit.length === 1) return `${mit[0].name}: ${text(mit[0].wert)}.`;
    if (mitUrteil()) {
      const zahl = (code) => mit.filter(({ streng }) => streng === code).length;
      return `Von ${SR.zahl(mit.length, 0)} Räumen liegen ${zahl(1)} über und ${zahl(2)} unter ${plan.rest}; ${zahl(0)} unterscheiden sich nicht auffällig.`;
    }
    if (stufig()) return `Von ${SR.zahl(mit.length, 0)} ${plan.dativ}: ${plan.stufen.map((name, i) => `${SR.zahl(mit.filter(({ klasse }) => klasse === i).length, 0)} in Klasse »${name}«`).join(', ')}.`;
    const tief = mit.at(-1), hoch = mit[0];
    return `Von ${text(tief.wert)} in ${tief.name} bis ${text(hoch.wert)} in ${hoch.name}${ganzesSatz && `; ${ganzesSatz}`}.`;
  }

  /** What the hover says about a value in plain German: how it compares, or why nobody can tell. */
  function hoverSatz(e) {
    if (e.wert === null) return plan.status_saetze[e.status];
    if (e.streng > 0) return `Liegt auffällig ${LAGEN[e.streng]} ${plan.rest} (${text(e.mass)}).`;
    if (e.streng === 0) return `Nicht auffällig gegenüber ${plan.rest} (${text(e.mass)}).`;
    const ganzes = mass() === undefined || stufig() ? '' : ` ${plan.ganzes}: ${text(mass())}.`;
    return plan.summierbar || stufig() ? '' : `Ob der Unterschied Zufall ist, lässt sich nicht prüfen${plan.gruende[e.grund] ? `: ${plan.gruende[e.grund]}` : ''}.${ganzes}`;
  }

  function maleChips(alle) {
    $('chips').replaceChildren(...zustand.raeume.map((id, i) => {
      const e = alle.find((x) => x.id === id);
      return h('span', { class: `chip chip-${i}` },
        h('strong', {}, e?.name ?? id), ` ${e ? anzeige(e) : ''} `,
        h('a', { href: `/${plan.gebiet}/steckbrief/${encodeURIComponent(id)}` }, 'Steckbrief'),
        h('button', { type: 'button', 'aria-label': `${e?.name ?? id} abwählen`, onclick: () => waehle(id, true) }, '×'));
    }));
  }

  function maleLegende(alle) {
    if (mitUrteil()) return maleUrteilslegende(alle);
    const texte = plan.stufen?.length ? plan.stufen : SR.klassentexte(plan.klassen, plan.stellen);
    const anzahl = (pruefe) => alle.filter((e) => !e.rest && pruefe(e)).length;
    const eintrag = (muster, inhalt, zahl, nr) => h('li', {}, h('span', { class: 'farbe', style: muster }, nr), h('span', {}, inhalt), h('span', { class: 'anzahl' }, `${SR.zahl(zahl, 0)}\u00d7`));
    const klassen = texte.map((inhalt, i) => eintrag(`background:${plan.farben[i]};color:${i > 2 || plan.farben[i] === '#2c7fb8' || plan.farben[i] === '#253494' ? '#fff' : '#14212b'}`, inhalt, anzahl(({ klasse }) => klasse === i), stufig() ? '' : String(i + 1)));
    const fehlend = Object.keys(SR.statustext).filter((s) => s !== 'offen').map((status) => [status, anzahl((e) => e.status === status)]).filter(([, n]) => n)
      .map(([status, n]) => eintrag(`background:${SR.schraffur(status, plan.farben[0])}`, SR.statustext[status], n, ''));
    const umgerechnet = anzahl((e) => e.umgerechnet);
    const zuschnitt = umgerechnet ? ` ${SR.zahl(umgerechnet, 0)} Werte sind auf die heutigen Räume umgerechnet (${plan.heute_art}; Zeichen: u).` : '';
    const bemerkung = plan.uebernommen ? `Übernommen von ${plan.uebernommen}, ohne Intervall: Ob ein Unterschied mehr ist als Zufall, lässt sich nicht prüfen.` : alle.some(({ unten }) => unten !== null) ? 'Klassen gelten für alle Stichtage. Der Strich in der Rangfolge ist das 95-%-Intervall.' : 'Klassen gelten für alle Stichtage.';
    $('legende').replaceChildren(h('h3', { class: vollbild() ? null : 'nur-vorlesen' }, plan.einheit && !stufig() ? `${plan.kurz} (${plan.einheit})` : plan.kurz), h('ul', {}, klassen, fehlend), h('p', { class: 'leise' }, bemerkung + zuschnitt), musterlink());
  }

  const musterlink = () => plan.muster && !vollbild() ? h('p', { class: 'klein' }, h('a', { href: plan.muster }, 'Liegen ähnliche Werte beieinander, oder ist das Bild Zufall? Räumliche Muster')) : '';

  function maleUrteilslegende(alle) {
    const orte = alle.filter(({ rest }) => !rest);
    const eintrag = (muster, inhalt, treffer, zeichen = '') => h('li', {}, h('span', { class: 'farbe', style: muster }, zeichen), h('span', {}, inhalt), h('span', { class: 'anzahl' }, `${SR.zahl(treffer.length, 0)}\u00d7`));
    const urteile = plan.urteile.map(([wort, farbe], i) => eintrag(`background:${farbe};color:#14212b`, wort, orte.filter(({ wert, streng }) => wert !== null && streng === i), ZEICHEN[i]));
    const gruende = new Map();
    for (const e of orte) if (e.wert === null || e.streng < 0) {
      const warum = e.wert === null ? SR.statustext[e.status] : `kein Urteil: ${plan.gruende[e.grund] || 'nicht verglichen'}`;
      gruende.set(warum, [...(gruende.get(warum) ?? []), e]);
    }
    const ohne = [...gruende].map(([warum, treffer]) => eintrag(`background:${SR.schraffur(treffer[0].wert === null ? treffer[0].status : 'nicht_sinnvoll', plan.farben[0])}`, warum, treffer));
    $('legende').replaceChildren(h('h3', { class: vollbild() ? null : 'nur-vorlesen' }, `Gegenüber ${plan.rest}`), h('ul', {}, urteile, ohne), h('p', { class: 'leise' }, `Gegenüber ${plan.rest} (ohne den Raum selbst), 99,8-%-Intervall.`), musterlink());
  }

  // ---------------------------------------------------------------- ranking: a list box that draws only what is visible

  let liste = null, aktiv = 0, folgeJetzt = [], zuletzt;

  function maleRang(folge) {
    folgeJetzt = folge;
    if (!liste || !liste.isConnected) baueRang();
    aktiv = Math.max(0, Math.min(aktiv, folge.length - 1));
    const ganzes = mass();
    zeigeGewaehlten();
    $('rang-unter').textContent = ganzes === undefined ? tagName(zustand.stichtag) : `${tagName(zustand.stichtag)} · Linie: ${plan.ganzes} ${text(ganzes)}`;
    maleZeilen();
  }

  function baueRang() {
    const flaeche = h('div', { class: 'rang-flaeche', role: 'presentation' });
    liste = h('div', { class: 'rang-liste', role: 'listbox', tabindex: 0, 'aria-multiselectable': 'true', 'aria-labelledby': 'rang-titel',
      onscroll: maleZeilen, onkeydown: tasteRang, onfocus: () => liste.matches(':focus-visible') && maleZeilen(), onblur: () => { karte?.hebe(null); maleZeilen(); },
      onclick: (e) => { // by place: rows may have been drawn anew meanwhile
        const nr = Math.floor((e.clientY - flaeche.getBoundingClientRect().top) / ZEILE);
        if (!folgeJetzt[nr]) return;
        aktiv = nr;
        waehle(folgeJetzt[nr].id, e.ctrlKey || e.metaKey || e.shiftKey);
      },
      onpointermove: (e) => { const zeile = e.target.closest('[data-nr]'); karte.hebe(zeile ? folgeJetzt[+zeile.dataset.nr].id : null); },
      onpointerleave: () => karte.hebe(null) }, flaeche);
    $('rang').replaceChildren(liste);
    liste.flaeche = flaeche;
  }

  /** A Raum chosen on the map is brought into sight in the ranking. */
  function zeigeGewaehlten() {
    const neu = zustand.raeume.at(-1), nr = folgeJetzt.findIndex((e) => e.id === neu);
    if (neu === zuletzt) return;
    zuletzt = neu;
    liste.flaeche.style.height = `${folgeJetzt.length * ZEILE}px`; // room to scroll, before the rows are drawn
    const oben = nr * ZEILE;
    if (nr >= 0 && (oben < liste.scrollTop || oben + ZEILE > liste.scrollTop + liste.clientHeight)) liste.scrollTop = oben - liste.clientHeight / 2;
  }

  function maleZeilen() {
    if (!plan) return;
    const hoehe = liste.clientHeight || 480;
    const von = Math.max(0, Math.floor(liste.scrollTop / ZEILE) - 4);
    const bis = Math.min(folgeJetzt.length, von + Math.ceil(hoehe / ZEILE) + 9);
    const k = plan.klassen, ganzes = mass();
    const alle = [k[0] ?? 0, k.at(-1) ?? 1, ganzes ?? k[0] ?? 0]; // the scale stays the same over all Stichtage; one long interval in a tiny Raum ends at the edge instead of pressing all others together
    let hoechster = Math.max(...alle), tiefster = Math.min(...alle);
    for (const e of folgeJetzt) if (e.wert !== null) { hoechster = Math.max(hoechster, 1.15 * e.wert); tiefster = Math.min(tiefster, e.wert); }
    const x = (wert) => Math.max(0, Math.min(100, ((wert - tiefster) / (hoechster - tiefster || 1)) * 100));
    const fokus = liste.matches(':focus-visible'); // never while a mouse button is down: its row must stay
    liste.style.setProperty('--wert', `${Math.max(4, ...[0, folgeJetzt.findLastIndex((e) => e.wert !== null)].map((i) => (folgeJetzt[i] && folgeJetzt[i].wert !== null ? text(folgeJetzt[i].wert).length : 0))) + 2}ch`);
    liste.flaeche.style.height = `${folgeJetzt.length * ZEILE}px`;
    liste.classList.toggle('mit-stufen', stufig());
    liste.flaeche.replaceChildren(...folgeJetzt.slice(von, bis).map((e, i) => zeileRang(e, von + i, x, ganzes, fokus)));
    if (fokus) liste.setAttribute('aria-activedescendant', `rang-${aktiv}`); else liste.removeAttribute('aria-activedescendant');
  }

  function zeileRang(e, nr, x, ganzes, fokus) {
    const gewaehlt = zustand.raeume.indexOf(e.id);
    const [zeichen, wort] = vergleich(e);
    const balken = stufig() ? null : h('span', { class: 'balken', 'aria-hidden': 'true' },
      ganzes === undefined ? null : h('i', { class: 'mass', style: `left:${x(ganzes)}%` }),
      e.unten === null ? null : h('i', { class: 'strich', style: `left:${x(e.unten)}%;width:${x(e.oben) - x(e.unten)}%` }),
      e.wert === null ? h('i', { class: 'ohne' }, SR.statustext[e.status].split(' (')[0]) : h('i', { class: 'punkt', style: `left:${x(e.wert)}%;background:${plan.farben[e.klasse] ?? '#fff'}` }));
    return h('div', { id: `rang-${nr}`, class: `rang-zeile${gewaehlt >= 0 ? ` gewaehlt chip-${gewaehlt}` : ''}${fokus && nr === aktiv ? ' aktiv' : ''}`, role: 'option', 'aria-selected': String(gewaehlt >= 0),
      'aria-posinset': nr + 1, 'aria-setsize': folgeJetzt.length, 'data-nr': nr, style: `top:${nr * ZEILE}px`,
      'aria-label': `${e.rang && !stufig() ? `Rang ${e.rang}: ` : ''}${e.name}, ${e.wert === null ? SR.statustext[e.status] : anzeige(e)}${bereich(e) ? `, Intervall ${bereich(e)}` : ''}${wort ? `, ${wort} ${plan.rest}` : ''}${e.rangVon && !zustand.kommune ? `, mögliche Ränge ${e.rangVon} bis ${e.rangBis}` : ''}` },
    h('span', { class: 'nr' }, stufig() ? h('i', { class: 'punkt', style: `background:${plan.farben[e.klasse] ?? '#fff'}` }) : e.rang ?? ''), h('span', { class: 'name', title: e.name }, e.name), balken, h('span', { class: 'wert' }, anzeige(e)), h('span', { class: 'pfeil' }, zeichen));
  }

  function tasteRang(e) {
    const schritt = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e6, End: 1e6 }[e.key];
    if (schritt) {
      aktiv = Math.max(0, Math.min(folgeJetzt.length - 1, aktiv + schritt));
      const oben = aktiv * ZEILE;
      if (oben < liste.scrollTop) liste.scrollTop = oben;
      if (oben + ZEILE > liste.scrollTop + liste.clientHeight) liste.scrollTop = oben + ZEILE - liste.clientHeight;
      karte.hebe(folgeJetzt[aktiv].id);
      maleZeilen();
    } else if (e.key === 'Enter' || e.key === ' ') waehle(folgeJetzt[aktiv].id, true);
    else if (e.key === 'Escape') aendere({ raeume: [] });
    else return;
    e.preventDefault();
  }

  // ---------------------------------------------------------------- table: the same content as the map

  function maleTabelle(folge) {
    const kopf = [zustand.kommune || stufig() ? 'Rang' : 'Rang (möglich)', plan.einzahl, ...(plan.fokus ? [plan.eltern_titel] : []), plan.einheit && !stufig() ? `Wert (${plan.einheit})` : 'Wert', '95-%-Intervall', 'Klasse', `Gegenüber ${plan.rest} (99,8 %)`, 'Bemerkung'];
    const zeigen = alleZeilen ? folge : folge.slice(0, TABELLE_BIS);
    const zeilen = zeigen.map((e) => {
      const [zeichen, wort] = vergleich(e);
      const wert = e.wert === null ? SR.zeichen[e.status] : ((zahl) => e.status === 'unsicher' ? `(${zahl})` : zahl)(stufig() ? text(e.wert) : SR.zahl(e.wert, plan.stellen));
      return h('tr', {}, h('td', { class: 'zahl' }, e.rang ? rangText(e) : ''), h('th', { scope: 'row' }, e.name), plan.fokus ? h('td', {}, plan.namen_eltern[e.eltern] ?? '') : null,
        h('td', { class: 'zahl' }, `${wert}${e.umgerechnet ? ' u' : ''}`), h('td', { class: 'zahl' }, bereich(e)), h('td', { class: 'zahl' }, e.klasse === null ? '' : e.klasse + 1), h('td', {}, zeichen ? `${zeichen} ${plan.urteile[e.streng][0]}` : plan.testbar && e.wert !== null && plan.gruende[e.grund] ? `– (${plan.gruende[e.grund]})` : ''),
        h('td', {}, e.umgerechnet ? 'umgerechnet' : e.status === 'offen' ? (e.rest ? 'ohne Lage auf der Karte' : '') : SR.statustext[e.status]));
    });
    const titel = `${plan.titel}, ${plan.plural}, ${tagName(zustand.stichtag)}${folge.some((e) => e.umgerechnet) ? `; u = umgerechnet (${plan.heute_art})` : ''}`;
    $('tabelle').replaceChildren(
      h('div', { class: 'tabelle-rahmen', tabindex: 0, role: 'region', 'aria-label': titel },
        h('table', { class: 'tabelle' }, h('caption', {}, titel), h('thead', {}, h('tr', {}, kopf.map((t, i) => h('th', { scope: 'col', class: i === 0 || /^(Wert|95|Klasse)/.test(t) ? 'zahl' : '' }, t)))), h('tbody', {}, zeilen))),
      zeigen.length < folge.length ? h('button', { type: 'button', class: 'knopf zart', onclick: () => { alleZeilen = true; maleTabelle(folgeJetzt); } }, `Alle ${SR.zahl(folge.length, 0)} Zeilen zeigen`) : '');
  }

  // ---------------------------------------------------------------- Stichtag

  function baueZeit() {
    const feld = $('zeit'), letzter = plan.stichtage.length - 1;
    feld.replaceChildren(
      h('label', { for: 'stichtag' }, 'Stichtag'), h('output', { id: 'stichtag-text', for: 'stichtag' }),
      h('div', { class: 'zeit-zeile' },
        h('button', { type: 'button', id: 'abspielen', class: 'knopf zart', 'aria-label': 'Zeitablauf abspielen', disabled: !letzter, onclick: spiele }, '▶'),
        h('input', { type: 'range', id: 'stichtag', min: 0, max: Math.max(letzter, 1), step: 1, disabled: !letzter, oninput: (e) => { halt(); springe(+e.target.value); } })),
      h('div', { class: 'zeit-enden', 'aria-hidden': 'true' }, h('span', {}, plan.stichtage[0][1]), h('span', {}, letzter ? plan.stichtage[letzter][1] : '')));
  }

  const stelle = () => plan.stichtage.findIndex(([iso]) => iso === zustand.stichtag);
  function springe(nr) {
    const ziel = plan.stichtage[Math.max(0, Math.min(plan.stichtage.length - 1, nr))]?.[0];
    if (ziel && ziel !== zustand.stichtag) aendere({ stichtag: ziel });
  }

  function maleZeit() {
    const regler = $('stichtag');
    if (!regler) return;
    regler.value = stelle();
    regler.setAttribute('aria-valuetext', tagName(zustand.stichtag));
    $('stichtag-text').textContent = tagName(zustand.stichtag);
    const bruch = plan.brueche.find(([ab]) => ab > plan.stichtage[0][0] && ab <= zustand.stichtag && plan.stichtage.filter(([iso]) => iso < zustand.stichtag).every(([iso]) => iso < ab));
    $('stelle').textContent = `${stelle() + 1} / ${plan.stichtage.length}`;
    $('frueher').disabled = stelle() === 0;
    $('spaeter').disabled = stelle() === plan.stichtage.length - 1;
    $('stichtag-text').title = bruch ? `Bruch: ${bruch[1]}` : '';
  }

  function spiele() {
    if (uhr) return halt();
    if (stelle() === plan.stichtage.length - 1) springe(0);
    uhr = setInterval(() => { springe(stelle() + 1); if (stelle() === plan.stichtage.length - 1) halt(); }, TAKT);
    knopfAbspielen(true);
  }

  function halt() {
    clearInterval(uhr);
    uhr = 0;
    knopfAbspielen(false);
  }

  function knopfAbspielen(laeuft) {
    const knopf = $('abspielen');
    if (!knopf) return;
    knopf.textContent = laeuft ? '❚❚' : '▶';
    knopf.setAttribute('aria-label', laeuft ? 'Zeitablauf anhalten' : 'Zeitablauf abspielen');
  }

  // ---------------------------------------------------------------- selection, hover, link, series

  function waehle(id, additiv) {
    if (!id) return additiv ? undefined : aendere({ raeume: [] });
    const ist = zustand.raeume.includes(id), ohne = zustand.raeume.filter((r) => r !== id);
    if (additiv) aendere({ raeume: ist ? ohne : [...ohne, id].slice(-MAX_RAEUME) });
    else aendere({ raeume: ist && !ohne.length ? [] : [id] });
  }

  function schwebe(e, x, y) {
    const feld = $('hover');
    if (!feld) return;
    feld.hidden = !e;
    if (!e) return;
    const [zeichen] = vergleich(e), rang = folgeJetzt.find((f) => f.id === e.id)?.rang;
    feld.replaceChildren(h('strong', {}, e.name), plan.namen_eltern[e.eltern] && plan.fokus ? h('span', { class: 'leise' }, plan.namen_eltern[e.eltern]) : '',
      h('span', { class: 'hover-wert' }, e.wert === null ? 'kein Wert' : anzeige(e)), e.umgerechnet ? h('span', { class: 'leise' }, `u: umgerechnet (${plan.heute_art})`) : '', bereich(e) ? h('span', {}, `95-%-Intervall ${bereich(e)}`) : '',
      rang && !stufig() ? h('span', {}, `Rang ${rangText({ ...e, rang })} von ${folgeJetzt.filter((f) => f.rang).length}`) : '', hoverSatz(e) ? h('span', {}, `${zeichen ? `${zeichen} ` : ''}${hoverSatz(e)}`) : '');
    const breite = $('karte').clientWidth, hoehe = $('karte').clientHeight;
    feld.style.left = `${Math.max(4, x + 18 + feld.offsetWidth > breite ? x - 18 - feld.offsetWidth : x + 18)}px`;
    feld.style.top = `${Math.max(4, Math.min(y + 14, hoehe - feld.offsetHeight - 4))}px`;
  }

  function merke() {
    if (!$('karte')) return;
    const teile = { kennzahl: plan.kennzahl, ebene: plan.ebene, stichtag: zustand.stichtag };
    if (zustand.raeume.length) teile.raum = zustand.raeume.join(',');
    if (zustand.kommune) teile.kommune = zustand.kommune;
    if (zustand.tab !== 'bild') teile.tab = zustand.tab;
    if (zustand.urteil) teile.urteil = 1;
    schreibeLink(teile);
    document.querySelectorAll('#speichern a[href*="/export/"]:not([href*="alles"])').forEach((a) => { a.href = `${a.getAttribute('href').split('?')[0]}?stichtag=${zustand.stichtag}`; });
  }

  function schreibeLink(teile) {
    const frage = new URLSearchParams(teile).toString().replaceAll('%2C', ',');
    if (location.search !== `?${frage}`) history.replaceState(history.state, '', `${location.pathname}?${frage}`);
    document.querySelectorAll('a.mit-ansicht').forEach((a) => { a.href = `${a.pathname}?${frage}`; });
  }

  let letzteFrage = null;
  function frageReihe() {
    const frage = { kennzahl: plan.kennzahl, raeume: zustand.raeume };
    if (gleich(frage, letzteFrage)) return;
    letzteFrage = frage;
    setze('reihe-frage', { data: frage });
  }

  // ---------------------------------------------------------------- full screen for a projector

  const vollbild = () => $('figur')?.classList.contains('vollbild');

  function setzeVollbild(an) {
    const figur = $('figur');
    figur.classList.toggle('vollbild', an);
    document.body.classList.toggle('ohne-rollen', an);
    $('vollbild').textContent = an ? 'Vollbild beenden' : 'Vollbild';
    if (an && figur.requestFullscreen) figur.requestFullscreen().catch(() => {}); // refused: the overlay fills the window
    if (!an && document.fullscreenElement) document.exitFullscreen();
    maleLegende(geladen);
    karte.lade({ ...plan, teile: teile(), stichtag: zustand.stichtag, beschriftung: !an }); // names would be too small to read from 6 m; all files are here
    if (an && zustand.tab !== 'bild') setze('tab', { value: 'bild' });
    $('vollbild').focus();
  }

  const KLICKS = {
    'karte-naeher': () => karte.zoom(1.5),
    'karte-weiter': () => karte.zoom(1 / 1.5),
    'karte-ganz': () => karte.passe(),
    vollbild: () => setzeVollbild(!vollbild()),
    frueher: () => springe(stelle() - 1),
    spaeter: () => springe(stelle() + 1),
    'link-kopieren': (knopf) => kopiere(knopf),
    png: speicherePng,
    drucken: () => window.print(),
  };

  async function kopiere(knopf) {
    try { await navigator.clipboard.writeText(location.href); knopf.textContent = 'Kopiert'; }
    catch { window.prompt('Link zu dieser Ansicht:', location.href); }
    setTimeout(() => { knopf.textContent = 'Link kopieren'; }, 2500);
  }

  async function speicherePng() {
    const blob = await karte.bild({ titel: plan.titel, untertitel: `${tagName(zustand.stichtag)} · ${plan.ganzes} · ${plan.plural}${geladen.some((e) => e.umgerechnet) ? ` · auf heutige Räume umgerechnet (${plan.heute_art})` : ''}`, quelle: plan.quelle });
    const link = h('a', { href: URL.createObjectURL(blob), download: `${plan.kennzahl}_${plan.ebene}_${zustand.stichtag}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  document.addEventListener('click', (e) => {
    const knopf = e.target.closest('button[id]');
    if (knopf && KLICKS[knopf.id]) KLICKS[knopf.id](knopf);
    document.querySelectorAll('details.aufklapp[open]').forEach((d) => { if (!d.contains(e.target) || e.target.closest('.klappe')) d.open = false; });
  });
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') {
      document.querySelectorAll('details.aufklapp[open]').forEach((d) => { d.open = false; d.firstElementChild.focus(); });
      if (vollbild()) setzeVollbild(false);
    }
    if (!vollbild()) return;
    const schritt = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[e.key];
    if (schritt) springe(stelle() + schritt);
    else if (e.key === 'Home') springe(0);
    else if (e.key === 'End') springe(1e6);
    else return;
    e.preventDefault();
    e.stopPropagation();
  }, true);
  document.addEventListener('fullscreenchange', () => { if (!document.fullscreenElement && vollbild()) setzeVollbild(false); });

  /** Page »Zeitreihe«: its controls → link. */
  function reihenLink(kennzahl, raeume, baender, tab) {
    const teile = { kennzahl };
    if (raeume?.length) teile.raum = raeume.join(',');
    if (!baender) teile.baender = '0';
    if (tab !== 'bild') teile.tab = tab;
    schreibeLink(teile);
  }

  /** A table of many cells, written by the server as escaped HTML: as Dash components it would take seconds. */
  function fuelle(html) {
    $('z-tabelle').innerHTML = html;
    return '';
  }

  /** Page »Pflege«: its tables come as escaped HTML in an attribute, as Dash components they would take seconds. */
  function setzeTafeln() {
    document.querySelectorAll('[data-html]').forEach((e) => { e.innerHTML = e.dataset.html; e.removeAttribute('data-html'); });
  }
  if (location.pathname.endsWith('/pflege')) {
    new MutationObserver(setzeTafeln).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-html'] });
  }

  /** Page »Pflege«: its Raum → link. */
  function pflegeLink(raum) {
    if (raum) history.replaceState(history.state, '', `${location.pathname}?${new URLSearchParams({ raum })}`);
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { sr: { lies, zeige, reihenLink, fuelle, pflegeLink } });
})();
